"""What holds for each of the pages' elements, in a real browser; a new one is a row in `readers.elements`."""

import pytest
from readers import elements
from readers.browser import MEASURE_CONTRAST
from readers.element_reader import CONTRAST, PHONE, VIEWPORTS, count, settle
from readers.elements import ELEMENTS, ROWS

pytestmark = pytest.mark.browser

folder, address, open_page = elements.folder, elements.address, elements.open_page
AFTER = "() => document.getElementById('after').getBoundingClientRect().top + scrollY"
WATCH_SHIFTS = """() => {
    window.moved = 0;
    const add = (list) => list.getEntries().forEach((entry) => (window.moved += entry.value));
    new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
}"""
TO_DARK = "document.body.setAttribute('data-md-color-scheme', 'slate')"
# The name of what has the focus within an element, and whether this is seen, on it or around it.
FOCUS = """(tag) => {
    const at = document.activeElement;
    if (!at.closest(tag)) return null;
    const ring = at.querySelector(".play__ring");
    const outlined = (each) => getComputedStyle(each).outlineStyle !== "none";
    const stroked = (ring) => getComputedStyle(ring).stroke !== "rgba(0, 0, 0, 0)";
    const seen = ring ? stroked(ring) : outlined(at) || outlined(at.parentElement);
    return [(at.ariaLabel || at.closest("label")?.innerText || at.innerText).trim(), seen];
}"""


@pytest.fixture(scope="module", params=ELEMENTS)
def element(request):
    return ELEMENTS[request.param]


def of_rows(names, rows):
    """Parametrises over `names`, of which the first is "element" and given by its tag."""
    return pytest.mark.parametrize(names, rows, indirect=["element"], scope="module")


# --- its room


@pytest.mark.parametrize("viewport", VIEWPORTS, ids=lambda viewport: viewport["width"])
@pytest.mark.parametrize("moving", [True, False], ids=["moving", "calm"])
@of_rows(("element", "name"), [(row.tag, name) for row in ROWS for name in row.pages])
def test_nothing_overflows_and_nothing_moves_when_it_arrives(open_page, element, name, viewport, moving):
    page = open_page(name, ready=False, viewport=viewport, moving=moving)
    page.evaluate(WATCH_SHIFTS)
    page.wait_for_selector(element.ready)
    settle(page)
    after = page.evaluate(AFTER)
    element.use(page)
    settle(page)
    assert page.evaluate("window.moved") < 0.01
    assert page.evaluate(AFTER) == after
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    # Not its height, which grows with what is in it.
    reserved = page.locator(element.tag).evaluate("each => parseFloat(getComputedStyle(each).minHeight)")
    board = page.locator(element.board).bounding_box()["height"]
    assert reserved - 60 < board <= reserved


def test_in_print_and_without_scripts_there_is_the_still_and_no_gap(open_page, element):
    # There the room of a player is higher than the still.
    page = open_page(ready=False, java_script_enabled=False, viewport=PHONE)
    still = page.locator(f"{element.tag} img").bounding_box()
    assert page.locator(element.tag).bounding_box()["height"] < still["height"] + 40
    page = open_page()
    assert page.locator(f"{element.tag} img").is_hidden()
    page.emulate_media(media="print")
    assert page.locator(f"{element.tag} img").is_visible()
    assert page.locator(element.board).is_hidden()


# --- how it comes


@of_rows(("element", "name", "said"), [(row.tag, *each) for row in ROWS for each in row.failures.items()])
def test_what_cannot_be_loaded_is_said(open_page, element, name, said):
    page = open_page(name, ready=False, sound="status 404" not in said)
    page.get_by_text(said).wait_for()
    assert page.locator(f"{element.tag} img").is_visible() == ("this picture stands in for it" in said)


@of_rows(("element",), [(row.tag,) for row in ROWS if row.far])
def test_nothing_is_fetched_before_it_is_about_to_be_seen(open_page, element):
    page = open_page(element.far, ready=False, moving=True)
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.wait_for_timeout(400)
    assert not asked
    page.locator(element.tag).scroll_into_view_if_needed()
    page.wait_for_selector(element.ready)
    assert sorted(asked) == sorted(element.fetches)


def test_it_may_go_come_back_and_come_twice(open_page, element):
    page = open_page(moving=True)
    page.evaluate(f"""() => {{
        const first = document.querySelector("{element.tag}"), parent = first.parentElement;
        first.remove();
        parent.append(first, Object.assign(first.cloneNode(), {{ id: "copy" }}));
    }}""")
    page.locator("#copy").scroll_into_view_if_needed()
    page.wait_for_function("() => document.getElementById('copy').board")
    page.locator(element.ready).nth(1).wait_for()
    assert page.locator(element.board).count() == 2
    page.evaluate(TO_DARK)
    for canvas, (_, dark) in element.charts.items():
        n_canvases = page.locator(canvas).count()
        assert min(count(page, dark, canvas, nth) for nth in (0, n_canvases // 2)) > 20


# --- its colours


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(open_page, element, scheme):
    page = open_page(element.dark if scheme == "dark" else "")
    element.unfold(page)
    measured = page.evaluate(MEASURE_CONTRAST)
    assert element.texts <= {text.strip() for _, _, text, _ in measured}
    assert not [each for each in measured if each[0] < CONTRAST and each[2] not in element.disabled]


@of_rows(("element",), [(row.tag,) for row in ROWS if row.charts])
def test_the_switch_to_dark_draws_anew(open_page, element):
    page = open_page()
    for canvas, (light, dark) in element.charts.items():
        assert (count(page, light, canvas) > 20, count(page, dark, canvas)) == (True, 0)
    page.evaluate(TO_DARK)
    for canvas, (light, dark) in element.charts.items():
        assert (count(page, light, canvas), count(page, dark, canvas) > 20) == (0, True)


@of_rows(("element",), [(row.tag,) for row in ROWS if row.charts])
def test_it_is_sharp_on_a_fine_screen_and_follows_its_size(open_page, element):
    page = open_page(device_scale_factor=2)
    for width in (1280, 700, 360):
        page.set_viewport_size({"width": width, "height": 800})
        settle(page)
        for canvas, (light, _) in element.charts.items():
            drawn = page.locator(canvas).first.evaluate(
                "canvas => [canvas.width, canvas.height, 2 * canvas.clientWidth, 2 * canvas.clientHeight]"
            )
            assert drawn[:2] == drawn[2:]
            assert count(page, light, canvas) > 50


# --- its keys


def test_all_controls_have_names_and_can_be_reached_by_key(open_page, element):
    page = open_page()
    page.locator("#top").evaluate("heading => { heading.tabIndex = -1; heading.focus(); }")
    reached = []
    # Before it there is at most a link.
    for _ in range(len(element.controls) + 2):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUS, element.tag)
        if found:
            name, is_seen = found
            assert name
            assert is_seen, f"the focus on {name} is not seen"
            reached.append(name)
        elif reached:
            break
    assert len(reached) == len(element.controls), reached
    starts = tuple(name[: len(start)] for name, start in zip(reached, element.controls, strict=True))
    assert starts == element.controls
