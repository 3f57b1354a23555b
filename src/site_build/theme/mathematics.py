"""TeX to MathML when the site is built: no script and no other origin is needed to read a formula."""

import re
from functools import cache
from html import unescape

from math_core import LatexError, LatexToMathML
from mkdocs.exceptions import PluginError

# What pymdownx.arithmatex leaves in generic mode.
INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
HEADING = re.compile(r"\\\((.*?)\\\)", re.DOTALL)
DISPLAY = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def typeset(html: str, page_name: str) -> str:
    """Return HTML with its TeX as MathML; raises PluginError for TeX that cannot be converted."""
    if 'class="arithmatex"' not in html:
        return html

    html = INLINE.sub(lambda match: _mathml(match, False, page_name), html)
    html = DISPLAY.sub(lambda match: f'<div class="formula">{_mathml(match, True, page_name)}</div>', html)
    if 'class="arithmatex"' in html:
        raise PluginError(
            f"{page_name} has a formula in a form that site_build/theme/mathematics.py does not know."
        )
    return html


def typeset_contents(entries, page_name: str) -> None:
    """Set the formulas in a page's table of contents, which has only the text of its headings."""
    for entry in entries:
        entry.title = HEADING.sub(lambda match: _mathml(match, False, page_name), entry.title)
        typeset_contents(entry.children, page_name)


def _mathml(match: re.Match, display: bool, page_name: str) -> str:
    tex = unescape(match[1]).strip()
    try:
        return _convert(tex, display)
    except LatexError as error:
        raise PluginError(f"{page_name} has TeX that cannot be typeset: {tex}\n{error}") from error


@cache
def _convert(tex: str, display: bool) -> str:
    return LatexToMathML(fancy_error=False).convert_with_local_state(tex, displaystyle=display)
