"""The gallery's events: run what is stale, keep what is good, fail until what is broken is mended."""

from dataclasses import dataclass, field
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files

from site_build.execution import example_runs, schedule, worker_pool
from site_build.execution.example_runs import Example
from site_build.files.fingerprint import own_modules
from site_build.pages import gallery_pages, reading_order

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


@dataclass
class State:
    """What one event of a build leaves for a later one."""

    options: dict = field(default_factory=dict)
    ran: list[Example] = field(default_factory=list)
    is_served: bool = False


_state = State()


def configure(config) -> None:
    """Take mkdocs-gallery's styles from the pages; raise PluginError for options that break its links."""
    if not config.use_directory_urls or any(name.endswith("offline") for name in config.plugins):
        raise PluginError("mkdocs-gallery's links need use_directory_urls: true, without the offline plugin.")
    config.extra_css[:] = [style for style in config.extra_css if style not in LEFTOVERS]


def without_leftovers(files: Files) -> Files:
    """Return `files` without mkdocs-gallery's pictures and styles: its text is pale on cream in the dark."""
    for file in list(files):
        if file.src_uri in LEFTOVERS:
            files.remove(file)
    return files


def examples_of(config) -> list[Example]:
    """Return the gallery's examples."""
    root = Path(config.config_file_path).parent
    options = config.plugins["gallery"].config
    return example_runs.examples_in(root, Path(options["examples_dirs"][0]), Path(options["gallery_dirs"][0]))


def note_options(config) -> None:
    """Keep mkdocs-gallery's options as mkdocs.yml has them: it makes objects of them, workers want text."""
    _state.options = dict(config.plugins["gallery"].config)


def before_gallery(config) -> None:
    """Run what is stale, first undoing interrupted runs and deleting what is orphaned; raise PluginError with
    every failure, before mkdocs-gallery makes pages of what is good."""
    examples, generated = examples_of(config), _generated_folder(config)
    for example in filter(example_runs.is_running, examples):
        example_runs.undo(example)
    example_runs.forget_removed(examples, Path(config.config_file_path).parent, generated)
    options = _plain_options(config.plugins["gallery"].config)
    inputs = {example: example_runs.inputs_of(example, options) for example in examples}
    _state.ran = example_runs.stale(inputs)
    if not _state.ran:
        return
    # mkdocs-gallery looks for it and then makes it, which two processes must not do at once.
    (generated / "images" / "thumb").mkdir(parents=True, exist_ok=True)
    failures = schedule.run(inputs, _state.ran, lambda example: _job(example, config))
    worker_pool.keep(1 if _state.is_served else 0, examples[0].root)
    if failures:
        reports = [f"examples/{name}.py failed:\n{_tail(text)}" for name, text in sorted(failures.items())]
        raise PluginError("\n\n".join(reports))


def after_gallery(config) -> None:
    """Tell mkdocs-gallery's summary what the workers have executed; order its pages as they are told."""
    generated = _generated_folder(config)
    reading_order.order_navigation(config.nav, generated.name, _names(config))
    options = config.plugins["gallery"].config
    copies = {generated / f"{example.name}.py" for example in _state.ran}
    options["passing_examples"] = [example.name for example in _state.ran]
    options["stale_examples"] = [path for path in options["stale_examples"] if Path(path) not in copies]


def begin(command: str) -> None:
    """Under `mkdocs serve`, keep a worker from build to build: an edit then meets a loaded library."""
    _state.is_served = command == "serve"


def await_edits(config) -> None:
    """Have a worker ready for the first edit."""
    worker_pool.keep(1, Path(config.config_file_path).parent)


def _job(example: Example, config) -> dict:
    return {
        "name": example.name,
        "folders": [str(folder) for folder in (example.root, example.scripts, example.generated)],
        "options": _state.options,
        "mkdocs": {name: config[name] for name in ("config_file_path", "docs_dir", "site_dir")},
        "build": own_modules(),
    }


def tidy_page(markdown: str, page, config) -> str:
    """Return the Markdown of a page of the gallery, tidied; of any other page as it is."""
    generated = _generated_folder(config)
    if page.file.src_uri == f"{generated.name}/index.md":
        return gallery_pages.tidy_index(markdown, _names(config), generated)
    for example in examples_of(config):
        if page.file.src_uri == f"{generated.name}/{example.name}.md":
            return gallery_pages.tidy_example(markdown, page, example, config)
    return markdown


def _names(config) -> list[str]:
    examples = examples_of(config)
    return (
        reading_order.order_of([example.name for example in examples], examples[0].scripts)
        if examples
        else []
    )


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


def _tail(text: str, n_lines: int = 15) -> str:
    return "\n".join(text.rstrip().splitlines()[-n_lines:])
