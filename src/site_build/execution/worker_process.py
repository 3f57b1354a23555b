"""The process that executes examples, one after the other, as worker_pool.py asks it to."""

import importlib
import json
import os
import queue
import signal
import sys
import threading
import traceback
import warnings
from pathlib import Path
from typing import TextIO

from site_build.execution import isolation
from site_build.execution.example_runs import Example, is_running
from site_build.files import fingerprint

# Before this line on the standard error stands what one job wrote there, after it what the next one does.
NEXT_JOB = "\0\n"


def main() -> None:
    """Answer each line of the standard input, a job as JSON, with a line of the standard output."""
    jobs, answers = _own_channels()
    # Before mkdocs's own filter, under which a deprecated call of the project's code is refused: it warns.
    importlib.import_module("site_build.execution.gallery_patches")
    warnings.simplefilter("module", DeprecationWarning)
    while line := jobs.get():
        job = json.loads(line)
        result = answer(job)
        print(NEXT_JOB, end="", file=sys.stderr, flush=True)
        answers.write(json.dumps(result) + "\n")
        answers.flush()
        if result.get("waits_for"):
            return  # It stopped in the middle of a cell, and nobody knows what it left in this process.


def answer(job: dict) -> dict:
    """Return what an example read, whose outputs it changed, and its failure, "" if it ran to its end."""
    if job["build"] != fingerprint.own_modules():
        return {"failure": "src/site_build has been edited since this build was started: start it again."}
    example = Example(job["name"], *map(Path, job["folders"]))
    watch = isolation.Watch(
        example.name, example.root, lambda other: is_running(example._replace(name=other))
    )
    try:
        failure = _generate(job, example.root, watch)
    except isolation.NotReadyError:
        failure = ""
    except Exception:
        failure = traceback.format_exc()
    return {"failure": failure, "read": watch.read, "refused": watch.refused, "waits_for": watch.waits_for}


def _generate(job: dict, root: Path, watch: isolation.Watch) -> str:
    from mkdocs_gallery import gen_gallery, gen_single
    from mkdocs_gallery.gen_data_model import AllInformation

    from site_build.execution import cell_outputs, gallery_patches, scraper

    gallery_patches.apply(root)
    gallery_patches.watch_execution(watch)
    options = gen_gallery.parse_config(job["options"], mkdocs_conf=job["mkdocs"])
    # mkdocs.yml can name only mkdocs-gallery's own resetters, and `conf_script` would put a file into docs/.
    options["reset_modules"] = (*options["reset_modules"], lambda *_: isolation.forget_modules(root))
    options["first_notebook_cell"] = None  # An empty one, which is the least that mkdocs.yml can ask for.
    everything = AllInformation.from_cfg(options, job["mkdocs"])
    everything.collect_script_files()
    (script,) = (
        script
        for gallery in everything.galleries
        for script in gallery.scripts
        if script.script_stem == job["name"]
    )
    gen_single.generate_file_md(script)
    cell_outputs.write(root / "outputs" / job["name"], scraper.cells_of(script))
    return options["failing_examples"].get(script.src_py_file, "")


def _own_channels() -> tuple[queue.Queue, TextIO]:
    # An example that reads from or prints to the console meets neither the jobs nor the answers.
    lines, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    jobs: queue.Queue = queue.Queue()
    threading.Thread(target=_read, args=(lines, jobs), daemon=True).start()
    return jobs, answers


def _read(lines: TextIO, jobs: queue.Queue) -> None:
    for line in lines:
        jobs.put(line)
    # The build is over, or was killed, and with it ends whatever it has started.
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
