"""What a page's template needs of what stands around its text: card, citation, related posts, comments."""

from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from site_build.pages import cards, citation, reading_order


def comments_of(config) -> dict:
    """Return where comments are kept, as mkdocs.yml's `extra: comments` says; {} if it does not.

    Raises PluginError where a part is missing.
    """
    comments = config.extra.get("comments") or {}
    if not comments:
        return {}
    missing = [name for name in ("repo", "repo_id", "category", "category_id") if not comments.get(name)]
    if missing:
        raise PluginError(
            f"extra: comments in mkdocs.yml has no {', '.join(missing)}: giscus.app shows all four for a "
            "repository."
        )
    return comments


def publish(files: Files, config) -> Files:
    """Return `files` with CITATION.cff, if there is one."""
    cff = _root(config) / "CITATION.cff"
    if cff.is_file():
        files.append(File.generated(config, cff.name, abs_src_path=str(cff)))
    return files


def complete(context: dict, page, config) -> dict:
    """Return a page's context with its card; and for a post with its citation and the posts like it."""
    reading_order.skip_archives(page)
    context["card"] = cards.card(page, config)
    if not is_post(page):
        return context
    cff = (_root(config) / "CITATION.cff").is_file()
    context["post"] = {
        "bibtex": citation.bibtex(page, _root(config)) if cff else "",
        "related": reading_order.related(page, config.plugins["material/blog"].blog.posts),
        "comments": comments_of(config),
    }
    return context


def is_post(page) -> bool:
    """Return whether a page is a post of the blog."""
    return page.meta.get("template") == "blog-post.html"


def _root(config) -> Path:
    return Path(config.config_file_path).parent
