"""The built site in a real Chromium: what a reader sees and touches."""

import io
from functools import cache
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from readers.browser import DESKTOP, MEASURE_CONTRAST, watch
from readers.element_reader import CONTRAST, PHONE

pytestmark = pytest.mark.browser

# Large text (24 px, or bold from 18.66 px) needs less.
CONTRAST_LARGE = 3.0

# Of the layout, unasked for, on Chromium's scale; 0.1 is where readers begin to mind.
SHIFT = 0.02
NOTE_SHIFTS = """
  globalThis.shift = 0;
  globalThis.shifted = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries().filter((each) => !each.hadRecentInput)) {
      shift += entry.value;
      shifted.push(...entry.sources.map(({ node }) => node?.className || node?.nodeName));
    }
  }).observe({ type: "layout-shift", buffered: true });
"""

# What draws on by itself.
MOVING = "training-player, digits-player, plane-player, bayes-playground, .md-content video"

IS_SEEN = """(element) => {
  const box = element.getBoundingClientRect();
  const shown = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  return shown && box.width > 50 && box.height > 50;
}"""


def test_every_page_loads_whole_and_still_and_fits_a_phone(browser, address, pages):
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    context.add_init_script(NOTE_SHIFTS)
    wrong = {}
    for page_address in pages:
        page = context.new_page()
        found = watch(page, urlsplit(address).netloc)
        page.goto(address + page_address, wait_until="networkidle")
        # Figures further down come as they are scrolled to.
        page.evaluate(
            "document.querySelectorAll('.md-content img').forEach((each) => (each.loading = 'eager'))"
        )
        page.wait_for_load_state("networkidle")
        found += _shifts(page)
        page.set_viewport_size(PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            found.append(f"{width} px wide on a phone of {PHONE['width']} px")
        if found:
            wrong[page_address or "home"] = list(found)
        page.close()
    context.close()
    assert not wrong, "\n".join(f"{where}: {what}" for where, found in wrong.items() for what in found)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_a_page_stays_where_it_is_while_its_player_or_its_network_runs(browser, address, pages, viewport):
    moving = [name for name, page in pages.items() if page.select_one(MOVING)]
    assert {"", "playground/"} < set(moving)
    context = browser.new_context(viewport=viewport)
    context.add_init_script(NOTE_SHIFTS)
    for page_address in moving:
        page = context.new_page()
        page.goto(address + page_address, wait_until="networkidle")
        for element in page.locator(MOVING).all():
            element.scroll_into_view_if_needed()
            page.wait_for_timeout(700)
        if train := page.get_by_role("button", name="Train", exact=True).all():
            train[0].click()
            page.wait_for_selector("[data-run=over]")
        assert not _shifts(page), page_address or "home"
        page.close()
    context.close()


def test_a_font_that_comes_late_moves_nothing(browser, address):
    context = browser.new_context(viewport=DESKTOP)
    context.add_init_script(NOTE_SHIFTS)
    page = context.new_page()
    held = []
    page.route("**/math.woff2", lambda route: held.append(route))
    page.goto(address + "notation/", wait_until="domcontentloaded")
    page.wait_for_function("performance.getEntriesByType('paint').length > 0")
    page.wait_for_timeout(300)
    assert held
    for route in held:
        route.continue_()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    assert page.evaluate("shift") == 0, page.evaluate("shifted")
    context.close()


def _shifts(page):
    shift = page.evaluate("shift")
    return [f"moves by {shift:.3f}: {page.evaluate('shifted')}"] if shift > SHIFT else []


@pytest.mark.parametrize("page_address", ["how-to-choose/", "how-it-is-built/", "notation/"])
def test_no_column_of_a_wide_table_is_hidden_on_a_desk(open_page, page_address):
    page = open_page(page_address)
    page.wait_for_selector(".md-typeset__scrollwrap")
    widths = page.eval_on_selector_all(
        ".md-typeset__scrollwrap", "all => all.map((each) => [each.scrollWidth, each.clientWidth])"
    )
    assert widths
    assert all(needed <= given for needed, given in widths), widths


# --- the film


def _films(pages):
    return [address for address, page in pages.items() if page.select_one(".md-content video")]


def test_film_starts_when_it_is_seen_can_be_paused_and_wound(open_page, pages):
    assert _films(pages), "no page shows the film"
    for page_address in _films(pages):
        page = open_page(page_address)
        film = page.locator(".md-content video").first
        button, slider = (page.locator(f".film__controls {part}").first for part in ("button", "input"))
        film.scroll_into_view_if_needed()
        page.wait_for_function("film => film.currentTime > 0.2", arg=film.element_handle(), timeout=10_000)
        button.click()
        stopped = film.evaluate("film => film.currentTime")
        page.wait_for_timeout(300)
        assert film.evaluate("film => film.paused && film.currentTime") == stopped
        assert button.inner_text() == "Play"
        slider.focus()
        page.keyboard.press("End")
        page.wait_for_function("film => film.currentTime > 0.99 * film.duration", arg=film.element_handle())
        page.context.close()


def test_film_plays_for_a_reader_without_scripts(browser, address, pages):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + _films(pages)[0])
    assert page.locator(".md-content video[controls][poster]").count() == 1
    context.close()


def test_film_waits_for_a_reader_who_prefers_less_motion_and_then_plays(open_page, pages):
    page = open_page(_films(pages)[0], reduced_motion="reduce")
    film = page.locator(".md-content video").first
    page.wait_for_timeout(500)
    assert film.evaluate("film => film.paused && film.currentTime") == 0
    page.locator(".film__controls input").first.evaluate(
        "slider => { slider.value = 0.5; slider.dispatchEvent(new Event('input')); }"
    )
    page.wait_for_function(
        "film => Math.abs(film.currentTime - film.duration / 2) < 0.1", arg=film.element_handle()
    )
    page.locator(".film__controls button").first.click()
    page.wait_for_function("film => !film.paused", arg=film.element_handle())


def test_nothing_moves_for_a_reader_who_asked_for_that(open_page, pages, posts):
    for page_address in {"", *posts, *_films(pages)}:
        page = open_page(page_address, reduced_motion="reduce")
        page.wait_for_timeout(700)
        moving = page.eval_on_selector_all("video", "films => films.filter(film => !film.paused).length")
        assert not moving, f"{page_address or 'home'}: a film plays by itself"
        gifs = page.locator('.md-content img[src$=".gif"]')
        seen = [
            gifs.nth(number).get_attribute("src")
            for number in range(gifs.count())
            if gifs.nth(number).is_visible()
        ]
        assert not seen, f"{page_address or 'home'}: moving images {seen}"


def test_a_player_waits_for_the_finger_on_a_phone(open_page):
    page = open_page("", viewport=PHONE, has_touch=True, is_mobile=True)
    page.wait_for_selector("training-player .player")
    page.wait_for_timeout(700)
    assert page.eval_on_selector("training-player", "player => player.t === player.last && !player.playing")
    page.locator(".player__play").tap()
    page.wait_for_function("() => document.querySelector('training-player').playing")


# --- light, dark, print


@pytest.fixture(scope="module")
def seen(browser, address, site, pages):
    """{address: (pale texts, bright figures in the dark)} of every page, as it looks in both schemes."""
    found = {}
    for page_address in pages:
        context = browser.new_context(viewport=DESKTOP, color_scheme="light", reduced_motion="reduce")
        page = context.new_page()
        page.goto(address + page_address, wait_until="load")
        texts = []
        for scheme, name in (("light", "default"), ("dark", "slate")):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function("name => document.body.dataset.mdColorScheme === name", arg=name)
            measured = page.evaluate(MEASURE_CONTRAST)
            assert measured, f"{page_address or 'home'} has no text"
            texts += [(scheme, *each) for each in measured]
        found[page_address or "home"] = texts, _figures(page, address, site)
        context.close()
    return found


def test_text_can_be_read_in_the_light_and_in_the_dark(seen):
    palest = {}
    for name, (texts, _) in seen.items():
        for scheme, contrast, large, text, where in texts:
            if contrast < (CONTRAST_LARGE if large else CONTRAST):
                found = (round(contrast, 2), text, name, scheme)
                palest[where] = min(palest.get(where, found), found)
    assert not palest, "\n".join(f"{where}: {found}" for where, found in palest.items())


def test_figures_are_dark_in_the_dark(seen):
    figures = [(name, *figure) for name, (_, figures) in seen.items() for figure in figures]
    assert figures, "no page shows a figure"
    wrong = [f"{name}: {source[-80:]}: {bright:.2f}" for name, source, bright in figures if bright > 0.5]
    assert not wrong, "figures that are white boxes in the dark:\n" + "\n".join(wrong)


def _figures(page, address, site):
    """Source and brightness of each figure that a page shows."""
    found = []
    for figure in page.locator(".md-content img").element_handles():
        if not figure.evaluate(IS_SEEN):
            continue
        source = figure.evaluate("image => image.src.split('#')[0]")
        # What a filter turns dark has to be looked at; any other is as dark as its file.
        if figure.evaluate("image => getComputedStyle(image).filter !== 'none'"):
            figure.evaluate("image => { image.loading = 'eager'; return image.decode(); }")
            found.append((source, _brightness(io.BytesIO(figure.screenshot()))))
        else:
            found.append((source, _brightness(site / source.removeprefix(address))))
    return found


@cache
def _brightness(file):
    """Median of a picture's grey levels, from 0 to 1."""
    with Image.open(file) as picture:
        return np.median(np.asarray(picture.convert("L"))) / 255


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_print_leaves_the_page_and_one_picture_a_figure(open_page, pages, posts, scheme):
    for page_address in {"", *posts, *_films(pages)}:
        page = open_page(page_address, color_scheme=scheme)
        page.emulate_media(media="print")
        for selector in [".md-header", ".md-sidebar", ".md-footer", ".md-tabs"]:
            for part in page.locator(selector).all():
                assert not part.is_visible(), f"{page_address or 'home'}: {selector} is printed"
        stills = page.locator(".md-content img, .md-content video[poster]").element_handles()
        assert any(still.evaluate(IS_SEEN) for still in stills), (
            f"{page_address or 'home'} is printed without a still"
        )
        ink = page.evaluate("getComputedStyle(document.body).color")
        assert ink in {"rgb(20, 32, 43)", "rgba(0, 0, 0, 0.87)"}, f"printed in pale ink: {ink}"
        for figure in page.locator(".md-content figure").all():
            figure.scroll_into_view_if_needed()
            shown = figure.locator("img, video").evaluate_all(
                "all => all.filter(one => one.checkVisibility()).map(one => one.currentSrc || one.src)"
            )
            assert len(shown) == 1, f"{page_address or 'home'} prints one figure as {shown}"
            assert "dark" not in shown[0], f"{page_address or 'home'} prints {shown[0]}"
            assert figure.locator("video").evaluate_all(
                "films => films.every(film => getComputedStyle(film).filter === 'none')"
            ), f"{page_address or 'home'} prints its film inside out"
