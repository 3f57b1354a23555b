"""What works with what, as tables: read from the contract tests' own table."""

import ast
from pathlib import Path

TABLE = "tests/contracts/methods.py"
YES, NO = "✓", "no"


def likelihoods_table(root: Path) -> str:
    """Return the Markdown table of methods and likelihoods, each pair of which a test holds to the
    posterior."""
    table = _read(root)
    heads = table["LIKELIHOODS"]
    rows = [[method, *[YES] * len(heads)] for method in table["METHODS"]]
    return _markdown(["method", *heads], rows)


def priors_table(root: Path) -> str:
    """Return the Markdown table of methods and priors, with a dash where a test finds the pair refused."""
    table = _read(root)
    priors, refused = table["PRIORS"], table["REFUSED"]
    rows = [
        [method, *[NO if method in refused.get(prior, ()) else YES for prior in priors]]
        for method in table["METHODS"]
    ]
    return _markdown(["method", *priors], rows)


def _read(root: Path) -> dict:
    """Return the keys of the table's dictionaries, and of REFUSED the values too, without running it."""
    found = {}
    for node in ast.parse((root / TABLE).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            keys = [ast.literal_eval(key) for key in node.value.keys]
            name = node.targets[0].id
            if name == "REFUSED":
                found[name] = dict(zip(keys, map(ast.literal_eval, node.value.values), strict=True))
            else:
                found[name] = keys
    missing = {"LIKELIHOODS", "METHODS", "PRIORS", "REFUSED"} - found.keys()
    if missing:
        raise ValueError(f"{TABLE} has no {', '.join(sorted(missing))}: the tables cannot be made.")
    return found


def _markdown(heads, rows) -> str:
    lines = [heads, ["---", *[":-:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
