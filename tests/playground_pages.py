"""The playground's modules in Playwright's own Node, and a folder of pages with a playground each."""

import json
import subprocess
from pathlib import Path

import playwright
from conftest import ROOT

ASSETS = ROOT / "docs" / "assets"
NODE = Path(playwright.__file__).parent / "driver" / "node"


def evaluate(expression, given=None, *, modules):
    """What a JavaScript expression of `given` and of the names that the assets' `modules` export comes to."""
    imports = "".join(
        f"Object.assign(globalThis, await import({json.dumps((ASSETS / name).as_uri())}));"
        for name in modules
    )
    program = (
        f"globalThis.given = {json.dumps(given)};{imports}"
        f"process.stdout.write(JSON.stringify({expression}) ?? 'null');"
    )
    answer = subprocess.run(
        [NODE, "--no-warnings", "--input-type=module"],
        input=program,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    return json.loads(answer.stdout)
