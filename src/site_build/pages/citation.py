"""How to cite a post: BibTeX, of what the post, CITATION.cff and mkdocs.yml say."""

from html import unescape
from pathlib import Path

import yaml

SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def bibtex(page, root: Path) -> str:
    """Return the BibTeX entry of a post."""
    whole = _read(root / "CITATION.cff")
    created = page.config.date.created
    fields = {
        "title": f"{{{_tex(unescape(page.title))}}}",
        "author": " and ".join(f"{{{_tex(author.name)}}}" for author in page.authors),
        "year": f"{created:%Y}",
        "month": f"{created:%b}".lower(),
        "howpublished": f"{_tex(whole['title'])}, version {whole['version']}",
        "url": page.canonical_url,
    }
    # A month is one of BibTeX's own names, which know every style's language.
    lines = [f"  {name} = {value if name == 'month' else f'{{{value}}}'}," for name, value in fields.items()]
    return "\n".join([f"@misc{{{Path(page.url).name},", *lines, "}"])


def _read(cff: Path) -> dict:
    return yaml.safe_load(cff.read_text(encoding="utf-8"))


def _tex(text: str) -> str:
    return "".join(SPECIAL.get(character, character) for character in text)
