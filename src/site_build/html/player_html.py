"""The HTML of players of recorded runs, and of the links in sentences that take them to a step."""

import json
import re
import struct
import zlib
from html import escape
from pathlib import Path

from mkdocs.exceptions import PluginError

from site_build.html.media import figure, images, required, url

# Of an element, of an address and of a fragment alike.
IDENTIFIER = re.compile(r"[a-z][a-z0-9-]*")
PLAYER = re.compile(
    r'<(?:training|digits|plane)-player id="([^"]+)" src="site:([^"]+)"(?: beside="site:([^"]+)")?'
)
LINK = re.compile(r'href="\?player=([^&"]+)&amp;step=(\d+)(?:&amp;hmc=1)?#')


def player_html(
    folder: Path,
    label: str,
    *,
    id: str,
    still: str,
    film: str | None = None,
    beside: Path | None = None,
    truth: Path | None = None,
    titles: tuple[str, str] | None = None,
    step: int | None = None,
    caption: str = "",
) -> str:
    """Return a <figure> of a <training-player> of the record `<label>.bin`, named `id`.

    still: the folder's figure that stands in for it where there are no scripts, and in print; film: the
    folder's film to be had as GIF and MP4; beside: the record of a second run, `titles` those of both;
    truth: HMC's band as JSON; step: a recorded step to begin at, else it plays when it is first seen.
    """
    records = [required(folder / f"{label}.bin", "no record of a run has this name")]
    attributes = {"id": _checked(id), "src": url(records[0])}
    if beside:
        records.append(required(beside.with_suffix(".bin"), "no record of a run has this name"))
        attributes["beside"] = url(records[1])
    if titles:
        attributes["titles"] = "|".join(titles)
    if truth:
        attributes["truth"] = url(required(truth.with_suffix(".json"), "no band has this name"))
    return _figure(folder, "training-player", attributes, records, still, film, step, caption)


def digits_player_html(folder: Path, label: str, **options) -> str:
    """Return a <figure> of a <digits-player> of the record `<label>.bin` of a classifier and six images;
    options: id, still, film, step and caption, as in `player_html`."""
    return _classifier_html("digits-player", folder, label, **options)


def plane_player_html(folder: Path, label: str, **options) -> str:
    """Return a <figure> of a <plane-player> of the record `<label>.bin` of a classifier of two inputs;
    options: id, still, film, step and caption, as in `player_html`."""
    return _classifier_html("plane-player", folder, label, **options)


def at_step_html(id: str, step: int, text: str = "", *, hmc: bool = False) -> str:
    """Return a link that takes the page's player named `id` to a step, with `hmc` under HMC's band; `text` is
    "at step 40" by default."""
    words = escape(text or f"at step {step:,}")
    return f'<a href="?player={_checked(id)}&amp;step={step:d}{"&amp;hmc=1" * hmc}#{id}">{words}</a>'


def check_steps(html: str, page_name: str, root: Path) -> None:
    """Raise PluginError if a link in `html` names a player that it does not have, or a step that one of the
    player's records does not have: the sentence would say one step and the picture show another."""
    records = {id: [root / file for file in files if file] for id, *files in PLAYER.findall(html)}
    for id, step in LINK.findall(html):
        if id not in records:
            there = ", ".join(records) or "none"
            raise PluginError(f"{page_name} links to a player {id!r}, and has {there}.")
        _check_recorded(records[id], int(step))


def recorded_steps(record: Path) -> list[int]:
    """Return the steps of a record that a module of `bayesian_nn.browser` wrote for a player."""
    content = zlib.decompress(record.read_bytes()[4:])
    at = 4 + struct.unpack("<I", content[:4])[0]
    for name, kind, length in json.loads(content[4:at])["arrays"]:
        size = length * int(kind[-1])
        if name == "steps":
            return [int(step) for step in struct.unpack(f"<{length}f", content[at : at + size])]
        at += size
    raise PluginError(f"{record.parent.name}/{record.name} is not the record of a run.")


def _classifier_html(element, folder, label, *, id, still, film=None, step=None, caption=""):
    record = required(folder / f"{label}.bin", "no record of a classifier has this name")
    attributes = {"id": _checked(id), "src": url(record)}
    return _figure(folder, element, attributes, [record], still, film, step, caption)


def _figure(folder, element, attributes, records, still, film, step, caption):
    if step is not None:
        _check_recorded(records, step)
        attributes["step"] = str(step)
    listed = " ".join(f'{name}="{escape(value, quote=True)}"' for name, value in attributes.items())
    content = f"<{element} {listed}>{images(folder, still)}</{element}>"
    return figure(
        "player-frame", content, " ".join(filter(None, [caption, _downloads(folder, film, records[0])]))
    )


def _downloads(folder, film, record):
    files = {"the run's record": record}
    if film:
        mp4 = required(folder / f"{film}.mp4", "no film has this name")
        gif = required(folder / f"{film}.gif", "a player's film needs a GIF, for feeds and downloads")
        files = {"the film as a GIF": gif, "as MP4": mp4, **files}
    links = (f'<a href="{url(file)}" download>{text}</a>' for text, file in files.items())
    return f"Downloads: {', '.join(links)}."


def _check_recorded(records, step):
    """Raise PluginError unless every record of a player has the step: its picture shows them together."""
    for record in records:
        steps = recorded_steps(record)
        if step not in steps:
            closest = sorted(sorted(steps, key=lambda each: abs(each - step))[:4])
            raise PluginError(
                f"outputs/{record.parent.name}/{record.name} did not record step {step}, but "
                f"{', '.join(map(str, closest))}: name one of these, or record it by fit(..., record_at=...)."
            )


def _checked(id):
    if not IDENTIFIER.fullmatch(id):
        raise PluginError(f"a player's id must be small letters, digits and hyphens; got {id!r}.")
    return id
