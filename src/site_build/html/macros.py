"""What a page with `render_macros: true` may quote: the examples' numbers, figures, films and runs."""

import json
import re
from difflib import get_close_matches
from functools import partial
from math import floor, isfinite, log10
from pathlib import Path

from mkdocs.exceptions import PluginError

from site_build.html.benchmark_tables import (
    benchmark_gaps,
    benchmark_note,
    benchmark_ranking,
    benchmark_table,
)
from site_build.html.contract_tables import likelihoods_table, priors_table
from site_build.html.decision_tree import decision_list, decision_tree
from site_build.html.media import digit_canvas_html, figure_html, film_html
from site_build.html.player_html import (
    at_step_html,
    check_steps,
    digits_player_html,
    plane_player_html,
    player_html,
)
from site_build.html.playground_html import playground_html

SUPERSCRIPTS = str.maketrans("-0123456789", "\N{SUPERSCRIPT MINUS}⁰¹²³⁴⁵⁶⁷⁸⁹")
MINUS, NO_BREAK_SPACE = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"

# Code, where braces stand for themselves, and what would have been rendered.
VERBATIM = re.compile(r"<pre\b.*?</pre>|<code\b.*?</code>", re.DOTALL)
UNRENDERED = re.compile(
    r"\{\{-?\s*(numbers\b|timings\b|(?:figure|film|digit_canvas|(?:digits_|plane_)?player|playground|at_step)\s*\()"
)


def refuse_unrendered(html: str, page) -> None:
    """Raise PluginError if a page quotes an example but does not ask for that to be rendered."""
    if not page.meta.get("render_macros") and (found := UNRENDERED.search(VERBATIM.sub("", html))):
        raise PluginError(
            f"{page.file.src_uri} would show {found[0]!r}… as it is written: "
            "add render_macros: true to what stands at the top of the page."
        )


def define_env(env) -> None:
    """Give mkdocs-macros the names and filters of this module."""
    root = Path(env.project_dir)
    env.variables["numbers"] = Numbers(root, "numbers")
    # Apart, for they differ from run to run, and all else that an example leaves is the same again.
    env.variables["timings"] = Numbers(root, "timings")
    macros = {
        "figure": figure_html,
        "film": film_html,
        "digit_canvas": digit_canvas_html,
        "digits_player": digits_player_html,
        "plane_player": plane_player_html,
        "playground": playground_html,
    }
    for name, value in macros.items():
        env.macro(_from_outputs(root, value), name)
    env.macro(_player(root), "player")
    env.macro(at_step_html, "at_step")
    benchmark = (benchmark_gaps, benchmark_note, benchmark_ranking, benchmark_table)
    for text in (likelihoods_table, priors_table, *benchmark):
        env.macro(partial(text, root), text.__name__)
    for text in (decision_list, decision_tree):
        env.macro(text, text.__name__)
    for rendering in (number, fixed, nats, percent, seconds):
        env.filter(rendering)


def on_post_page_macros(env) -> None:
    """Raise PluginError if a sentence takes a player to a step that its run did not record."""
    check_steps(env.markdown or "", env.page.file.src_uri, Path(env.project_dir))


class Numbers:
    """`numbers.<example>.<name>`: read when asked for, as examples run after the names are declared."""

    def __init__(self, root: Path, name: str):
        self._root, self._name = root, name

    def __getitem__(self, example: str) -> "ExampleNumbers":
        file = _outputs_of(self._root, example) / f"{self._name}.json"
        name = f"{self._name}.{example}"
        if not file.exists():
            raise UnknownOutputError(f"{name}: the example left no outputs/{example}/{file.name}")
        return ExampleNumbers(name, read_numbers(file))


class ExampleNumbers:
    """The numbers that one example left."""

    def __init__(self, example: str, values: dict):
        self._example, self._values = example, values

    def __getitem__(self, name: str):
        if name not in self._values:
            near = get_close_matches(name, self._values) or sorted(self._values)
            raise UnknownOutputError(f"{self._example}.{name} does not exist; there is {', '.join(near)}")
        return self._values[name]


class UnknownOutputError(ValueError):
    """Not a LookupError: jinja turns those into an undefined value, and the message would be lost."""


def read_numbers(file: Path) -> dict:
    """Return what an example's numbers.json or timings.json holds: numbers, texts, and lists of rows of them;
    raises ValueError for a number that is not finite."""
    values = json.loads(file.read_text(encoding="utf-8"))
    _check_finite(f"{file.stem}.{file.parent.name}", values)
    return values


def _check_finite(name: str, value) -> None:
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{name} is {value}: outputs hold finite numbers")
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        _check_finite(f"{name}.{key}", part)


def number(value: float, digits: int = 3) -> str:
    """Return `value` with `digits` significant digits, a count with all: 1,230 or 0.0812 or 10,000."""
    if isinstance(value, int):
        return fixed(value, 0)
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0:
        return "0"
    exponent = floor(log10(abs(rounded)))
    if exponent < -4:
        power = str(exponent).translate(SUPERSCRIPTS)
        return f"{fixed(rounded / 10.0**exponent, digits - 1)} \N{MULTIPLICATION SIGN} 10{power}"
    return fixed(rounded, max(digits - 1 - exponent, 0))


def fixed(value: float, decimals: int = 2) -> str:
    """Return `value` with `decimals` places, thousands apart and a true minus sign: -78.40."""
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def nats(value: float, decimals: int = 1) -> str:
    """Return `value` as an amount of information: -78.4 nats."""
    return f"{fixed(value, decimals)}{NO_BREAK_SPACE}nats"


def percent(value: float, decimals: int = 0) -> str:
    """Return the fraction `value` in per cent: 95%."""
    return f"{fixed(100 * value, decimals)}%"


def seconds(value: float) -> str:
    """Return a duration, given in seconds, in a unit that suits it: 45 ms, 3.4 s, 2 min 5 s."""
    shown = float(f"{value:.2g}")
    if shown < 1:
        return f"{number(1000.0 * value, 2)}{NO_BREAK_SPACE}ms"
    if shown < 60:
        return f"{number(float(value), 2)}{NO_BREAK_SPACE}s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}{NO_BREAK_SPACE}min" + (f" {rest}{NO_BREAK_SPACE}s" if rest else "")


def _from_outputs(root: Path, to_html):
    def macro(path: str, caption: str = "", **options) -> str:
        place = _place(root, path)
        return to_html(place.parent, place.name, caption=caption, **options)

    return macro


def _player(root: Path):
    def macro(path: str, caption: str = "", *, beside: str = "", truth: str = "", **options) -> str:
        others = {"beside": beside, "truth": truth}
        options |= {name: _place(root, other) for name, other in others.items() if other}
        return _from_outputs(root, player_html)(path, caption, **options)

    return macro


def _place(root: Path, path: str) -> Path:
    example, label = path.split("/")
    return _outputs_of(root, example) / label


def _outputs_of(root: Path, example: str) -> Path:
    # A folder that no script makes anew says what nobody can check.
    if not example.startswith("plot_") or not (root / "examples" / f"{example}.py").is_file():
        raise UnknownOutputError(f"outputs/{example}/ cannot be quoted: there is no examples/{example}.py")
    return root / "outputs" / example
