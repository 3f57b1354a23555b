"""The page of a report: one file that asks for no other, and runs no script but its own."""

import base64
import colorsys
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from bayesian_nn.figures.style import COLOURS
from bayesian_nn.report.pictures import Picture
from bayesian_nn.report.rows import SCORES
from bayesian_nn.report.views import View
from bayesian_nn.verdict.finding import Finding, Verdict, number, percent

__all__ = ["Content", "page_of"]

# Of a line on a dark page, as in the site's figures.
MIN_LIGHTNESS = 0.56
# Digits of a number that a chart is drawn from.
DIGITS = 5


class Content(NamedTuple):
    """What a report says: all text plain. facts: what and how, by name; table: its name, its heads and its
    rows; scripts: by name, such as the program that makes the result again."""

    title: str
    kicker: str
    lead: str
    verdict: Verdict
    scores: Mapping[str, float]
    quantity: str
    views: Sequence[View]
    still: Picture
    pictures: Sequence[Picture]
    table: tuple[str, Sequence[str], Sequence[Sequence[str]]] | None
    facts: Mapping[str, str]
    script: str


def page_of(content: Content) -> str:
    """Returns the page as HTML."""
    room = files("bayesian_nn.report")
    style = _colours() + room.joinpath("report.css").read_text(encoding="utf-8")
    script = room.joinpath("viewer.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )
    sections = [
        _section("Verdict", _verdict(content.verdict)),
        _section("Scores", _scores(content.scores)),
        _section(_views_title(content.views), _viewer(content, script)),
        _section("Held to the rows", "".join(_figure(each) for each in content.pictures)),
    ]
    if content.table is not None:
        name, heads, rows = content.table
        sections.append(_section(name, _table(name, heads, rows)))
    sections.append(_section("Settings and versions", _facts(content.facts)))
    if content.script:
        sections.append(
            _section("The same in Python", f'<pre tabindex="0"><code>{escape(content.script)}</code></pre>')
        )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(content.title)}</title>
<style>{style}</style>
</head>
<body>
<header>
<p class="kicker">{escape(content.kicker)}</p>
<h1>{escape(content.title)}</h1>
<p class="lead">{escape(content.lead)}</p>
</header>
<main>
{"".join(sections)}</main>
</body>
</html>
"""


def _colours():
    posterior, other = COLOURS["posterior"], COLOURS["log_likelihood"]
    dark = "@media (prefers-color-scheme: dark)"
    return (
        f":root {{ --posterior: {posterior}; --other: {other}; }}\n"
        f"{dark} {{ :root {{ --posterior: {_lighter(posterior)}; --other: {_lighter(other)}; }} }}\n"
    )


def _lighter(colour):
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(*channels)
    lit = colorsys.hls_to_rgb(hue, max(lightness, MIN_LIGHTNESS), saturation)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in lit)


def _hash(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _section(title, html):
    return f"<section>\n<h2>{escape(title)}</h2>\n{html}\n</section>\n"


def _verdict(verdict):
    head, *_ = str(verdict).splitlines()
    html = f"<p>{escape(head)}</p>"
    good = [finding for finding in verdict.findings if finding.holds]
    if verdict.problems:
        html += (
            f'\n<h3>What does not hold</h3>\n<ul class="findings problems">{_findings(verdict.problems)}</ul>'
        )
    if good:
        html += f'\n<h3>What holds</h3>\n<ul class="findings">{_findings(good)}</ul>'
    return html


def _findings(findings: Sequence[Finding]):
    return "".join(
        f'\n<li><span class="topic">{escape(each.topic)}</span> {escape(each.sentence)}'
        + (f' <span class="remedy">{escape(each.remedy)}</span>' if each.remedy else "")
        + "</li>"
        for each in findings
    )


def _scores(scores):
    of_rows = ("level", "coverage", "accuracy", "commonest_class", "explained_variance")
    rows = [
        [SCORES[name], percent(value) if name in of_rows else number(value)] for name, value in scores.items()
    ]
    return _table("scores", ["score", "value"], rows)


def _table(label, heads, rows):
    """Returns a table whose first column names the rows."""
    top = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in others)
        + "</tr>\n"
        for first, *others in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label, quote=True)}">\n'
        f"<table><thead><tr>{top}</tr></thead>\n<tbody>\n{body}</tbody></table>\n</div>"
    )


def _facts(facts):
    return _table("settings", ["setting", "value"], [[name, value] for name, value in facts.items()])


def _figure(picture: Picture):
    source = base64.b64encode(picture.png).decode()
    return (
        f'<figure>\n<img src="data:image/png;base64,{source}" width="{picture.width}" '
        f'height="{picture.height}" alt="{escape(picture.alt, quote=True)}">\n'
        f"<figcaption>{escape(picture.caption)}</figcaption>\n</figure>\n"
    )


def _views_title(views):
    return "Along one input" if views[0].dependences else f"Along {views[0].input}"


def _viewer(content, script):
    views = [_plain(view) for view in content.views]
    data = json.dumps({"quantity": content.quantity, "views": views}, ensure_ascii=False)
    # Nothing in a name may end the script.
    data = data.replace("<", "\\u003c")
    first = content.views[0]
    told = (
        "The prediction, averaged over rows, as one input runs over its range and the others stay as they "
        "are. The inputs along which it changes most come first."
        if first.dependences
        else "The prediction, with what is not known of it, and beyond the rows on both sides."
    )
    return (
        f"<p>{told}</p>\n"
        f'<div class="viewer">\n{_figure(content.still)}</div>\n'
        f'<script type="application/json" id="viewer-data">{data}</script>\n'
        f"<script>{script}</script>"
    )


def _plain(view: View):
    curves = [
        {
            name: value if isinstance(value, str) else _numbers(value)
            for name, value in curve._asdict().items()
        }
        for curve in view.curves
    ]
    words = view.values.dtype.kind == "U"
    return {
        "input": view.input,
        "average": bool(view.dependences),
        "values": view.values.tolist() if words else _numbers(view.values),
        "curves": curves,
        "seen": _numbers(view.seen),
        "unseen": _numbers(view.unseen),
        "rows": [] if words else _numbers(view.rows),
    }


def _numbers(values):
    if values is None:
        return None
    return [_numbers(each) if np.ndim(each) else float(f"{each:.{DIGITS}g}") for each in np.asarray(values)]
