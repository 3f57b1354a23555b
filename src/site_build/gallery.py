"""The gallery's events: run what is stale, keep what is good, fail until what is broken is mended."""

import atexit
import sys
import warnings
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files

from site_build import example_runs, gallery_pages, gallery_patches
from site_build.example_runs import Example
from site_build.quoted import read_numbers

LEFTOVERS = {
    "binder_badge_logo.svg",
    "broken_example.png",
    "broken_stamp.svg",
    "no_image.png",
    "sg_gallery.css",
    "sg_gallery-binder.css",
    "sg_gallery-dataframe.css",
    "sg_gallery-rendered-html.css",
}


def configure(config) -> None:
    """Add to mkdocs-gallery's options, once it has read them, what makes every example start afresh."""
    if not config.use_directory_urls or any(name.endswith("offline") for name in config.plugins):
        raise PluginError("mkdocs-gallery's links need use_directory_urls: true, without the offline plugin.")
    root = Path(config.config_file_path).parent
    # mkdocs.yml can name only mkdocs-gallery's own resetters, and `conf_script` would put a file into docs/.
    options = config.plugins["gallery"].config
    config.extra_css[:] = [style for style in config.extra_css if style not in LEFTOVERS]
    options["first_notebook_cell"] = None  # An empty one, which is the least that mkdocs.yml can ask for.
    options["reset_modules"] = (*options["reset_modules"], lambda _options, _script: forget_library(root))


def without_leftovers(files: Files) -> Files:
    """Return `files` without mkdocs-gallery's pictures and styles: its text is pale on cream in the dark."""
    for file in list(files):
        if file.src_uri in LEFTOVERS:
            files.remove(file)
    return files


def forget_library(root: Path) -> None:
    """Unload the modules of src/bayesian_nn and examples/: `mkdocs serve` lives through their edits."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        ours = name.split(".")[0] == "bayesian_nn" or Path(file).is_relative_to(root / "examples")
        if ours and name != "__main__":
            del sys.modules[name]
    # Shown once per process, a warning would let an example's second run pass: this forgets what was shown.
    with warnings.catch_warnings():
        pass


def examples_of(config) -> list[Example]:
    """Return the gallery's examples."""
    root = Path(config.config_file_path).parent
    options = config.plugins["gallery"].config
    return example_runs.examples_in(root, Path(options["examples_dirs"][0]), Path(options["gallery_dirs"][0]))


def before_gallery(config) -> None:
    """Decide what runs: undo interrupted runs, delete what is orphaned, make room for every stale example."""
    examples = examples_of(config)
    for example in filter(example_runs.is_running, examples):
        example_runs.undo(example)
    example_runs.forget_removed(examples, Path(config.config_file_path).parent, _generated_folder(config))
    gallery_patches.reads.clear()
    gallery_patches.victims.clear()
    options = _plain_options(config.plugins["gallery"].config)
    inputs = {example: example_runs.inputs_of(example, options) for example in examples}
    for example in example_runs.stale(inputs):
        # The md5 file goes aside with the rest, and without it mkdocs-gallery executes the script.
        example_runs.begin(example, inputs[example])
    # Ctrl-C must leave the last good outputs in place; what it cannot reach, the next build mends.
    atexit.unregister(_undo_running)
    atexit.register(_undo_running, examples)


def after_gallery(config) -> None:
    """Accept good runs, undo failed ones, and report every failure at once."""
    failures = {
        Path(script).stem: text
        for script, text in config.plugins["gallery"].config["failing_examples"].items()
    }
    for example in examples_of(config):
        if example.name in gallery_patches.victims:
            example_runs.distrust(example)
        elif example_runs.is_running(example):
            if example.name not in failures and (fault := _fault_in_numbers(example)):
                failures[example.name] = fault
            if example.name in failures:
                example_runs.undo(example)
            else:
                example_runs.accept(example, gallery_patches.reads.get(example.name, {}))
    if failures:
        reports = [f"examples/{name}.py failed:\n{_tail(text)}" for name, text in sorted(failures.items())]
        raise PluginError("\n\n".join(reports))


def tidy_page(markdown: str, page, config) -> str:
    """Return the Markdown of a page of the gallery, tidied; of any other page as it is."""
    generated = _generated_folder(config)
    names = [example.name for example in examples_of(config)]
    if page.file.src_uri == f"{generated.name}/index.md":
        return gallery_pages.tidy_index(markdown, names, generated)
    if page.file.src_uri in {f"{generated.name}/{name}.md" for name in names}:
        return gallery_pages.tidy_example(markdown, page)
    return markdown


def _generated_folder(config) -> Path:
    return Path(config.plugins["gallery"].config["gallery_dirs"][0])


def _plain_options(options: dict) -> dict:
    plain = (str, int, float, bool, type(None))
    return {
        name: value
        for name, value in options.items()
        if isinstance(value, plain)
        or (isinstance(value, list | tuple) and all(isinstance(item, plain) for item in value))
    }


def _fault_in_numbers(example: Example) -> str:
    file = example.outputs / "numbers.json"
    try:
        if file.exists():
            read_numbers(file)
    except ValueError as error:
        return str(error)
    return ""


def _undo_running(examples: list[Example]) -> None:
    for example in filter(example_runs.is_running, examples):
        example_runs.undo(example)


def _tail(text: str, n_lines: int = 15) -> str:
    return "\n".join(text.rstrip().splitlines()[-n_lines:])
