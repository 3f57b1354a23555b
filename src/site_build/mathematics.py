"""TeX to MathML when the site is built: no script and no other origin is needed to read a formula."""

import re
from functools import cache
from html import unescape

from math_core import LatexError, LatexToMathML
from mkdocs.exceptions import PluginError

# What pymdownx.arithmatex leaves in generic mode.
INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
DISPLAY = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def typeset(html: str, page_name: str) -> str:
    """Return HTML with its TeX as MathML; raises PluginError for TeX that cannot be converted."""
    if 'class="arithmatex"' not in html:
        return html

    def mathml(match: re.Match, display: bool) -> str:
        tex = unescape(match[1]).strip()
        try:
            return _convert(tex, display)
        except LatexError as error:
            raise PluginError(f"{page_name} has TeX that cannot be typeset: {tex}\n{error}") from error

    html = INLINE.sub(lambda match: mathml(match, False), html)
    html = DISPLAY.sub(lambda match: f'<div class="formula">{mathml(match, True)}</div>', html)
    if 'class="arithmatex"' in html:
        raise PluginError(
            f"{page_name} has a formula in a form that site_build/mathematics.py does not know."
        )
    return html


@cache
def _convert(tex: str, display: bool) -> str:
    return LatexToMathML(fancy_error=False).convert_with_local_state(tex, displaystyle=display)
