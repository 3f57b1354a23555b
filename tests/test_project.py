"""The repository itself: its layers, its lock, its workflows and what it says of them."""

import ast
import graphlib
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LIBRARY = ROOT / "src" / "bayesian_nn"
# A module imports none that stands after it.
PIPELINE = [
    "data",
    "images",
    "network",
    "model",
    "weight_priors",
    "classifier",
    "chains_last",
    "posterior",
    "starting",
    "full_covariance",
    "low_rank",
    "elbo",
    "importance",
    "layerwise",
    "optimizer",
    "kinds",
    "lbfgs",
    "gradient_noise",
    "run",
    "recorder",
    "loop",
    "variational",
    "classifier_run",
    "classifier_recorder",
    "stream",
    "classifying",
    "class_predictive",
    "run_mixture",
    "ascent",
    "map_estimate",
    "ensemble",
    "dropout",
    "stochastic_gradient",
    "langevin",
    "ivon",
    "leapfrog",
    "mcmc",
    "reference",
    "predictive",
    "laplace",
    "diagnostics",
    "simulation_calibration",
]
NUMPY_ONLY = [
    "animation",
    "cached",
    "calibration",
    "class_figures",
    "class_film",
    "class_prediction",
    "class_record",
    "classification",
    "computation_key",
    "data",
    "data_files",
    "distance",
    "download",
    "figures",
    "film_files",
    "idx",
    "image_changes",
    "images",
    "interrupts",
    "lbfgs",
    "metrics",
    "mixture",
    "mnist",
    "nats_axis",
    "packed_record",
    "player_record",
    "portable",
    "portable_training",
    "prediction",
    "pruning",
    "quantised_posterior",
    "ranks",
    "training_figures",
]
TENSORFLOW = {"tensorflow", "tensorflow_probability", "tf_keras", "keras"}
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TOOLS = Path(sys.executable).parent
LOCK_OF_LIGHTHOUSE = ("package.json", "package-lock.json")


def _imports(file):
    """Dotted names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = "bayesian_nn" if node.level and file.is_relative_to(LIBRARY) else None
            module = ".".join(filter(None, [package, node.module])) or "."
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _library_imports(file):
    """Names of the library's modules that a file imports."""
    names = {name.split(".")[1] for name in _imports(file) if name.startswith("bayesian_nn.")}
    return {name for name in names if (LIBRARY / f"{name}.py").is_file()}


def _committed():
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listing.returncode:
        pytest.skip("not a git checkout, so which files are committed is unknown")
    return [ROOT / name for name in listing.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


# --- layers


def test_imports_point_down_the_pipeline():
    upward = {
        name: wrong
        for place, name in enumerate(PIPELINE)
        if (wrong := _library_imports(LIBRARY / f"{name}.py") & set(PIPELINE[place:]))
    }
    assert not upward, f"modules that import from further down the pipeline: {upward}"


def test_no_module_of_the_library_imports_in_a_circle():
    modules = [file for file in LIBRARY.glob("*.py") if file.stem != "__init__"]
    assert modules
    graphlib.TopologicalSorter({file.stem: _library_imports(file) for file in modules}).prepare()


def test_what_draws_and_builds_imports_no_tensorflow():
    names = [f"bayesian_nn.{name}" for name in NUMPY_ONLY]
    files = (ROOT / "src" / "site_build").rglob("[!_]*.py")
    names += [".".join(file.relative_to(ROOT / "src").with_suffix("").parts) for file in files]
    script = "import sys; [__import__(name) for name in sys.argv[1:]]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script, *names], cwd=ROOT, capture_output=True, text=True)
    assert not loaded.returncode, loaded.stderr
    found = TENSORFLOW & set(loaded.stdout.split())
    assert not found


def test_the_build_never_imports_the_library():
    for file in (ROOT / "src" / "site_build").rglob("*.py"):
        found = {name.split(".")[0] for name in _imports(file)} & (TENSORFLOW | {"bayesian_nn"})
        assert not found, f"{file.name} imports {found}"


@pytest.mark.parametrize("file", sorted((ROOT / "src").rglob("*.py")), ids=lambda file: file.stem)
def test_module_has_a_docstring_of_one_line(file):
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    assert docstring, f"{file} has no docstring"
    assert "\n" not in docstring, f"{file}: its docstring has more than one line"


# --- files


def test_no_file_names_a_package_index_or_a_path_of_a_machine():
    # Joined here, so that this file does not contain what it looks for.
    hosts = ["py" + r"pi\.org", "python" + r"hosted\.org", "registry" + r"\.npmjs", "anaconda" + r"\.org"]
    folders = ["wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers", "tmp/la" + "b"]
    pattern = re.compile("|".join([*hosts, rf"(?<![\w.$}}/-])/(?:{'|'.join(folders)})/"]).encode())
    wrong = []
    for file in _committed():
        for number, line in enumerate(file.read_bytes().splitlines(), start=1):
            if b"\0" not in line and pattern.search(line):
                wrong.append(f"{file.relative_to(ROOT)}:{number}: {line[:120].decode(errors='replace')}")
    assert not wrong, "\n".join(wrong)


def test_what_is_generated_is_not_committed():
    folders = r"^(site|build|outputs|examples/outputs|docs/gallery|\.venv|\.cache)/"
    generated = re.compile(rf"{folders}|\.(pyc|md5|pickle)$")
    wrong = [name for file in _committed() if generated.search(name := file.relative_to(ROOT).as_posix())]
    assert not wrong


def test_every_command_that_the_texts_name_is_a_verb_of_the_makefile():
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for name in ["README.md", "CONTRIBUTING.md"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        commands = set(re.findall(r"`make ([a-z]+)|^ *make ([a-z]+)", text, flags=re.MULTILINE))
        named = {first or second for first, second in commands}
        assert {"site", "test"} <= named, f"{name} names neither of the two commands"
        assert named <= verbs, f"{name} names {named - verbs}, which the Makefile does not have"


def test_make_site_fails_on_a_broken_link(tmp_path):
    recipe = subprocess.run(
        ["make", "--dry-run", "--always-make", "site"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    options = re.search(r"-m mkdocs (build.*)", recipe.stdout)[1].split()
    (tmp_path / "mkdocs.yml").write_text("site_name: A site\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[nowhere](nowhere.md)\n")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", *options], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode
    assert "nowhere.md" in done.stderr


# --- the lock


def _lock():
    """{name: (version, text of the entry)}; a package that has several entries stands for each Python."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    found = {}
    for entry in entries:
        match = re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", entry)
        assert match, f"not a pinned requirement: {entry[:80]!r}"
        found.setdefault(canonicalize_name(match[1]), []).append((match[2], entry.strip()))
    return found


def test_lock_pins_everything_by_hash_and_names_no_source():
    for name, versions in _lock().items():
        for _, entry in versions:
            first, *others = entry.split("\n")
            assert others, f"{name} has no hash"
            assert re.fullmatch(r"[\w.-]+==[\w.+!]+(?: ; [^#@]+?)? \\", first), first
            for line in others:
                assert re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}(?: \\)?", line), f"{name}: {line}"


def test_lock_holds_what_pyproject_asks_for():
    lock = _lock()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = project["build-system"]["requires"] + project["project"]["dependencies"]
    for extra in project["project"]["optional-dependencies"].values():
        asked += extra
    for requirement in map(Requirement, asked):
        versions = lock.get(canonicalize_name(requirement.name), [])
        fits = versions and all(requirement.specifier.contains(version) for version, _ in versions)
        assert fits, f"the lock has no {requirement}: run `make lock`"


def test_the_library_imports_only_what_it_asks_for():
    # What only the tests ask for is there when they run, and missing where the library is installed.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [Requirement(each) for each in project["dependencies"]]
    # An extra brings the package of its name: imageio[ffmpeg] brings imageio-ffmpeg.
    asked = {canonicalize_name(each.name) for each in requirements}
    asked |= {f"{each.name}-{extra}" for each in requirements for extra in each.extras}
    providers = packages_distributions()
    for file in LIBRARY.glob("*.py"):
        tops = {name.split(".")[0] for name in _imports(file)} - sys.stdlib_module_names - {"bayesian_nn"}
        unasked = {
            top for top in tops if not asked & {canonicalize_name(name) for name in providers.get(top, [])}
        }
        assert not unasked, f"{file.name} imports {unasked}, which pyproject.toml does not ask for"


def test_the_lock_of_lighthouse_holds_whatever_is_latest():
    # What a part asks for as "latest" is looked up anew at every installation, and then does not fit.
    asked, lock = (json.loads((ROOT / "benchmarks" / name).read_text()) for name in LOCK_OF_LIGHTHOUSE)
    packages = lock["packages"].values()
    moving = {
        name for each in packages for name, kind in each.get("dependencies", {}).items() if kind == "latest"
    }
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in moving} == asked[
        "overrides"
    ]


# --- the workflows


def _run(*command):
    done = subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr


def test_workflows_have_no_finding():
    assert WORKFLOWS
    _run("zizmor", "--offline", "--pedantic", "--quiet", ".github")


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.dependabot", [ROOT / ".github" / "dependabot.yml"]),
        ("vendor.citation-file-format", [ROOT / "CITATION.cff"]),
    ],
)
def test_file_follows_its_schema(schema, files):
    _run("check-jsonschema", "--builtin-schema", schema, *files)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_workflow_has_no_right_that_it_does_not_need(file):
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        needed = {"deploy": {"pages", "id-token"}, "notebooks": {"contents"}}
        assert writes == needed.get(name, set())
        assert job["timeout-minutes"] <= 45
        for step in job["steps"]:
            action = step.get("uses", "")
            assert not action or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action), f"{action} is not pinned"
            if action.startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_what_is_published_was_executed_from_clean():
    steps = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text())["jobs"]["build"]["steps"]
    assert not [step for step in steps if "actions/cache" in step.get("uses", "")]
    uv = next(step for step in steps if "setup-uv" in step.get("uses", ""))
    assert uv["with"]["enable-cache"] is False
