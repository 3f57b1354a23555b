"""What decides whether an example runs again, without a build for each: its files, options and records."""

import pytest
from readers.site_build_project import write

from site_build.execution import example_runs
from site_build.execution.example_runs import Example
from site_build.files import fingerprint


@pytest.fixture
def example(tmp_path):
    for name, text in {
        "examples/plot_one.py": "one",
        "examples/plot_other.py": "other",
        "examples/data.csv": "1,2",
        "src/bayesian_nn/model.py": "model",
        "requirements.lock": "numpy==2",
        "outputs/plot_one/numbers.json": "{}",
        "docs/gallery/plot_one.md": "# One",
        "docs/gallery/plot_one_more.md": "# Another example's",
    }.items():
        write(tmp_path / name, text)
    (example, _) = example_runs.examples_in(tmp_path, tmp_path / "examples", tmp_path / "docs" / "gallery")
    return example


def is_fresh(example: Example, **options) -> bool:
    return example_runs.is_fresh(example, example_runs.inputs_of(example, options))


def run(example: Example, **options) -> None:
    example_runs.begin(example, example_runs.inputs_of(example, options))
    write(example.outputs / "numbers.json", "{}")
    write(example.generated / "plot_one.md", "# One")
    example_runs.accept(example, {}, 1.0)


@pytest.mark.parametrize(
    ("file", "stale"),
    [
        ("examples/plot_one.py", True),
        ("examples/data.csv", True),
        ("src/bayesian_nn/model.py", True),
        ("src/bayesian_nn/new_module.py", True),
        ("requirements.lock", True),
        ("outputs/plot_one/numbers.json", True),
        ("outputs/plot_one/stray.png", True),
        ("docs/gallery/plot_one.md", True),
        ("docs/gallery/plot_one_more.md", False),
        ("examples/plot_other.py", False),
        ("examples/README.md", False),
        ("examples/.ruff_cache/0.15/1234", False),
        ("src/bayesian_nn/__pycache__/model.pyc", False),
    ],
)
def test_what_makes_an_example_run_again(example, file, stale):
    run(example)
    assert is_fresh(example)
    write(example.root / file, "changed")
    fingerprint.lock_digest.cache_clear()  # As in another process: this one has loaded what the lock named.
    assert is_fresh(example) is not stale


def test_the_gallerys_options_and_missing_outputs_make_an_example_run_again(example):
    run(example, line_numbers=False)
    assert not is_fresh(example, line_numbers=True)
    (example.outputs / "numbers.json").unlink()
    assert not is_fresh(example, line_numbers=False)


def test_a_run_starts_without_the_last_runs_files_and_an_edit_meanwhile_makes_it_stale(example):
    run(example)
    write(example.outputs / "renamed.png", "no run makes this any more")
    example_runs.begin(example, example_runs.inputs_of(example, {}))
    assert example.published() == []
    write(example.scripts / "plot_one.py", "edited while it ran")
    example_runs.accept(example, {}, 1.0)
    assert not is_fresh(example)


@pytest.mark.parametrize("text", ["", '{"inputs": ', "[]"])
def test_a_record_that_cannot_be_read_is_none(example, text):
    run(example)
    write(example.state / "record.json", text)
    assert not is_fresh(example)
    write(example.state / "running.json", text)
    example_runs.accept(example, {}, 1.0)
    assert not is_fresh(example)
