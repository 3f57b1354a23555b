"""The events of mkdocs that this site hooks into, and in which order."""

from pathlib import Path
from urllib.parse import urljoin

from jinja2 import FileSystemBytecodeCache
from mkdocs.plugins import CombinedEvent, event_priority

from site_build.execution import gallery_patches
from site_build.html import macros
from site_build.pages import downloads, gallery, notebooks, outputs, page_context, provenance
from site_build.theme import mathematics, mathfont, preload, security, styles, theme_patches

FONT_STYLE = "assets/math.css"

_characters: set[str] = set()
_styles: list[str] = []
_command = ""


def on_startup(command, dirty):
    global _command
    _command = command
    gallery.begin(command)


@event_priority(100)
def _before_plugins(config):
    gallery_patches.apply(Path(config.config_file_path).parent)
    gallery_patches.only_assemble()
    gallery.note_options(config)
    # The feed would hold "None" where the address of an image belongs.
    config.plugins["rss"].config.image = urljoin(config.site_url, config.theme["favicon"])
    return config


def _after_plugins(config):
    gallery.configure(config)
    config.plugins["mkdocstrings"].get_handler("python").env.bytecode_cache = _compiled_templates(config)
    config.extra_css.append(FONT_STYLE)
    return config


def _compiled_templates(config) -> FileSystemBytecodeCache:
    # Each build, each one under `mkdocs serve` too, would compile the theme's ninety templates anew.
    folder = Path(config.config_file_path).parent / ".cache" / "templates"
    folder.mkdir(parents=True, exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


on_config = CombinedEvent(_before_plugins, _after_plugins)


@event_priority(100)
def _before_gallery(config):
    _characters.clear()
    _styles.clear()
    gallery.before_gallery(config)


@event_priority(-100)
def _after_gallery(config):
    gallery.after_gallery(config)


on_pre_build = CombinedEvent(_before_gallery, _after_gallery)


def on_serve(server, config, builder):
    gallery.await_edits(config)
    return server


# Before the blog's on_files (priority -50), which makes pages of posts.
def on_files(files, config):
    files = notebooks.as_pages(outputs.publish(gallery.without_leftovers(files), config), config)
    return downloads.publish(page_context.publish(files, config), gallery.examples_of(config), config)


def on_env(env, config, files):
    env.bytecode_cache = _compiled_templates(config)
    return env


def on_pre_page(page, config, files):
    return notebooks.prepare(page, config, files)


def on_page_markdown(markdown, page, config, files):
    return gallery.tidy_page(markdown, page, config)


# Here for the search, which then finds formulas as they are read.
def on_page_content(html, page, config, files):
    macros.refuse_unrendered(html, page)
    mathematics.typeset_contents(page.toc, page.file.src_uri)
    return mathematics.typeset(notebooks.link(html, page, files), page.file.src_uri)


def on_page_context(context, page, config, nav):
    return page_context.complete(context, page, config)


# Last of all, on the whole page: excerpts of posts pass no earlier event, nor do raw HTML's addresses.
@event_priority(-100)
def on_post_page(output, page, config):
    html = provenance.complete(output, page, gallery.examples_of(config), config)
    html = outputs.resolve(html, page.url, page.file.src_uri, config)
    html = mathematics.typeset(html, page.file.src_uri)
    _characters.update(mathfont.characters_in(html))
    return _as_published(html, page.file.src_uri, config)


# The page for addresses that do not exist is no page of mkdocs.
def on_post_template(output, template_name, config):
    return _as_published(output, template_name, config) if template_name.endswith(".html") else output


def _as_published(html, name, config):
    html = styles.linked_once(theme_patches.mended(html, name), _styles)
    html = preload.with_hints(html, Path(config.docs_dir, "assets"))
    return security.with_policy(
        html, is_served=_command == "serve", has_comments=bool(config.extra.get("comments"))
    )


def on_post_build(config):
    site = Path(config.site_dir)
    cache = Path(config.config_file_path).parent / ".cache" / "mathfont"
    mathfont.write(_characters, (site / FONT_STYLE).parent, cache)
    styles.write(_styles, site)
    theme_patches.mend_script(site)
