"""The content security policy that every page carries: scripts, styles and requests are the site's own."""

import base64
import hashlib
import re

from mkdocs.exceptions import PluginError

SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.DOTALL)
FIRST = '<meta charset="utf-8">'
GISCUS = "https://giscus.app"


def with_policy(html: str, *, is_served: bool = False, has_comments: bool = False) -> str:
    """Return a page with its policy at the top: a server of files can send no header."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(html, is_served, has_comments)}">'
    if FIRST not in html:
        raise PluginError(f"a page does not begin with {FIRST}, after which its security policy belongs")
    return html.replace(FIRST, FIRST + meta, 1)


def policy(html: str, is_served: bool, has_comments: bool) -> str:
    """Return the policy of a page; that of all pages must be the same, for the theme follows links without
    loading a page, and the browser would then hold it to both."""
    # mkdocs serve adds an inline script that reloads the page, and that no hook sees.
    inline = ["'unsafe-inline'"] if is_served else sorted(inline_scripts(html))
    giscus = [GISCUS] if has_comments else []
    rules = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *inline, *giscus],
        # Workers of the playground and of the search.
        "worker-src": ["'self'"],
        "connect-src": ["'self'"],
        # Material's icons are masks with data: addresses, and so are a notebook's figures.
        "img-src": ["'self'", "data:", "blob:"],
        # A film that its reader winds comes in one piece.
        "media-src": ["'self'", "blob:"],
        "font-src": ["'self'"],
        "style-src": ["'self'", *giscus],
        "frame-src": giscus or ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())


def inline_scripts(html: str) -> set[str]:
    """Return the hashes of the scripts that stand in a page and are run."""
    return {
        f"'sha256-{base64.b64encode(hashlib.sha256(match['text'].encode()).digest()).decode()}'"
        for match in SCRIPT.finditer(html)
        if "src=" not in match["attributes"] and "json" not in match["attributes"]
    }
