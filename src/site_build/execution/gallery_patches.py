"""Every change to mkdocs-gallery's inside, in one place: each says why, and refuses what it does not know."""

import inspect
import re
import warnings
from contextlib import contextmanager
from pathlib import Path

import mkdocs_gallery
from mkdocs.exceptions import PluginError
from mkdocs_gallery import gen_data_model, gen_gallery, gen_single

from site_build.execution import isolation

KNOWN_VERSIONS = {"0.10.4"}

_parse_and_execute = gen_single.parse_and_execute


def apply(root: Path) -> None:
    """Patch mkdocs-gallery in this process; raise PluginError if it is not the one that the patches know."""
    shape = {
        "version": mkdocs_gallery.__version__ in KNOWN_VERSIONS,
        "CODE_OUTPUT": "mkd-glr-script-out-disp" in gen_single.CODE_OUTPUT,
        "codestr2md": list(inspect.signature(gen_single.codestr2md).parameters)
        == ["codestr", "lang", "lineno", "is_exc"],
        "parse_and_execute": list(inspect.signature(_parse_and_execute).parameters)
        == ["script", "script_blocks"],
        "has_changed_wrt_persisted_md5": hasattr(
            gen_data_model.GalleryScript, "has_changed_wrt_persisted_md5"
        ),
        "_LoggingTee": hasattr(gen_single._LoggingTee, "flush"),
        "patch_warnings": not inspect.signature(gen_single.patch_warnings).parameters,
        "_import_matplotlib": not inspect.signature(gen_gallery._import_matplotlib).parameters,
    }
    changed = [name for name, known in shape.items() if not known]
    if changed:
        raise PluginError(
            f"mkdocs-gallery {mkdocs_gallery.__version__} has changed ({', '.join(changed)}): "
            "check each patch in site_build/execution/gallery_patches.py against it, then add its version to "
            "KNOWN_VERSIONS."
        )
    # Importing pyplot takes a second, and a build that executes nothing has no use for it.
    gen_gallery._import_matplotlib = _nothing
    # Three backticks in what an example prints, or in its code, would end the block they stand in;
    # and what it prints is no shell script.
    gen_single.CODE_OUTPUT = _Output(gen_single.CODE_OUTPUT.replace(".shell", ".text"))
    gen_single.codestr2md = _fenced_code
    # absl, and so TensorFlow, keeps the stream that it finds while an example runs, and closes it at the end.
    gen_single._LoggingTee.close = gen_single._LoggingTee.flush
    # mkdocs-gallery prints warnings into the page, with the paths of the machine that built it, and lets
    # an example that exits end the build with the example's exit code: 0 would look like a built site.
    gen_single.patch_warnings = lambda: _run_strictly(root)


def only_assemble() -> None:
    """Let mkdocs-gallery execute nothing in this process: workers have, whatever its md5 files say."""
    gen_data_model.GalleryScript.has_changed_wrt_persisted_md5 = lambda _script: False


def watch_execution(watch: isolation.Watch) -> None:
    """Let `watch` see what a script does while mkdocs-gallery executes it; undo its state then."""

    def parse_and_execute(script, blocks):
        with isolation.restored_state(), isolation.watched(watch):
            return _parse_and_execute(script, blocks)

    gen_single.parse_and_execute = parse_and_execute


def _nothing() -> None:
    pass


def fence_for(text: str) -> str:
    """Return a run of backticks longer than any in `text`."""
    return "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])


class _Output(str):
    """mkdocs-gallery's template of an output block, with a fence that the output cannot close."""

    __slots__ = ()

    def format(self, text):
        before, after = super().format("\0").split("\0")
        fence = fence_for(text)
        return before.replace("```", fence) + text + after.replace("```", fence)


def _fenced_code(codestr, lang="python", lineno=None, is_exc=False):
    fence = fence_for(codestr)
    style = " .mkd-glr-script-err-disp" if is_exc else ""
    lines = f' linenums="{lineno}"' if lineno is not None else ""
    return f"{fence}{{.{lang}{style}{lines}}}\n{codestr}\n{fence}\n"


@contextmanager
def _run_strictly(root: Path):
    original = warnings.showwarning

    def refuse(message, category, filename, lineno, file=None, line=None):
        theirs = not Path(filename).is_relative_to(root / "src") and not Path(filename).is_relative_to(
            root / "examples"
        )
        if theirs and issubclass(category, DeprecationWarning | PendingDeprecationWarning | ImportWarning):
            return  # Python shows these to the authors of the code only, and that code is another library's.
        raise category(
            f"{message} ({Path(filename).name}:{lineno}; a warning that an example lets through is an error)"
        )

    warnings.showwarning = refuse
    try:
        yield
    except SystemExit as exit_:
        raise RuntimeError(
            f"the example called sys.exit({exit_.code!r}): an example ends by reaching its end"
        ) from exit_
    finally:
        warnings.showwarning = original
