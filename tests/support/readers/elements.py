"""The pages' elements, a row each, and the fixtures of a test file on one: its pages in a real browser."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
from readers import digit_pages, digits_player_pages, plane_player_pages, player_pages, playground_pages
from readers.browser import serve
from readers.digit_reader import SEVEN, clear, draw
from readers.digits_player_reader import epoch_name
from readers.element_reader import (
    BLUE,
    DARK_BLUE,
    DARK_ORANGE,
    DARK_VERMILION,
    DESKTOP,
    ORANGE,
    VERMILION,
    settle,
)
from readers.playground_reader import button, train, until_drawn


class Element(NamedTuple):
    """What a test asks of an element: how its pages are made and used, and what is seen then."""

    tag: str
    make_pages: Callable
    # Pages with one; the first is opened unless a test names another.
    pages: Sequence[str]
    dark: str
    # {page that lacks what it needs: what is said}
    failures: dict[str, str]
    # Selectors: of what it builds, and of what is there once it can be used.
    board: str
    ready: str
    # What a reader does who uses it, and what unfolds all its text.
    use: Callable
    unfold: Callable
    # Some of its texts, and the buttons that are disabled then.
    texts: set[str]
    # How the names begin of what the tab key comes to, in order.
    controls: Sequence[str]
    disabled: Sequence[str] = ()
    # {selector of a canvas: (a colour in light, and in dark)}
    charts: dict[str, tuple] = {}  # noqa: RUF012
    # The page where it is out of sight, and what it fetches once it is seen.
    far: str | None = None
    fetches: Sequence[str] = ()
    # Of a player: the page where it begins at a step, its recorded steps, and the name of a frame.
    given: str | None = None
    steps: Sequence[int] = ()
    frame_name: Callable | None = None
    # Whether motion is wanted, unless a test says so: a player would play by itself.
    moving: bool = False
    settled: Callable = settle


def _scrub(page):
    for canvas in page.locator(".player canvas").all():
        canvas.hover()
    page.locator(".player__scrub").fill("4")


def _unfold_numbers(page):
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")


def _draw_and_clear(page):
    for points in (SEVEN, [(0.1, 0.1), (0.9, 0.9)]):
        draw(page, points)
    clear(page)


def _hold_the_pen(page):
    page.locator(".digits__pad > canvas").focus()
    page.keyboard.press("ArrowUp")


def _train(page):
    train(page)
    page.get_by_text("bit for bit").wait_for()


def _unfold_playground(page):
    page.get_by_text("The same in Python").click()
    page.get_by_text("Your points as CSV").click()
    train(page)
    for stage in ("Predict, then reveal", "Leave"):
        button(page, stage).click()


PLAYER_FAILS = "The player could not be loaded ({}); this picture stands in for it."
PLAYER = {"board": ".player", "ready": ".player", "use": _scrub, "unfold": _unfold_numbers}
BAR = ("Play", "One record back", "One record on")


def step_name(t):
    return f"step {player_pages.STEPS[t]:,}"


ROWS = [
    Element(
        "training-player",
        player_pages.make_pages,
        pages=("fit", "pair"),
        dark="dark",
        failures={
            "missing": PLAYER_FAILS.format("status 404"),
            "broken": PLAYER_FAILS.format("it is not the record of a run"),
        },
        **PLAYER,
        texts={"truth", "ELBO", "Numbers behind the picture"},
        controls=(
            *("Player of a training run", "Read at x", *BAR, "Training step", "Speed"),
            *("step 0", "step", "step", "step", "step 1,000"),
            *("Curves", "Lay HMC over it", "Numbers behind the picture"),
        ),
        charts={f".player__{panel}": (BLUE, DARK_BLUE) for panel in ("predictive", "elbo", "weights")},
        far="far",
        fetches=("fit.bin",),
        given="given",
        steps=player_pages.STEPS,
        frame_name=step_name,
    ),
    Element(
        "digits-player",
        digits_player_pages.make_pages,
        pages=("digits",),
        dark="digits-dark",
        failures={"digits-wrong": PLAYER_FAILS.format("it is not the record of a classifier")},
        **PLAYER,
        texts={"mean, true class", "Numbers behind the picture"},
        controls=(
            *("Player of a training run", *BAR, "Epoch", "Speed"),
            *(epoch_name(t) for t in (0, 10, 20, 30, 40)),
            "Numbers behind the picture",
        ),
        charts={".player__classes": (ORANGE, DARK_ORANGE), ".player__errors": (VERMILION, DARK_VERMILION)},
        far="digits-far",
        fetches=("classes.bin",),
        given="digits-given",
        steps=digits_player_pages.STEPS,
        frame_name=epoch_name,
    ),
    Element(
        "plane-player",
        plane_player_pages.make_pages,
        pages=("plane",),
        dark="plane-dark",
        failures={"plane-wrong": PLAYER_FAILS.format("it is not the record of a classifier of two inputs")},
        **PLAYER,
        texts={"class 0", "class 1", "Numbers behind the picture"},
        controls=(
            *("Player of a training run", "Read at x1", "Read at x2", *BAR, "Training step", "Speed"),
            *("step 0", "step", "step", "step", "step 1,000"),
            "Numbers behind the picture",
        ),
        # The first map has a blue of its own.
        charts={
            ".player__plane + .player__plane .player__map": (BLUE, DARK_BLUE),
            ".player__elbo": (BLUE, DARK_BLUE),
        },
        far="plane-far",
        fetches=("plane.bin",),
        given="plane-given",
        steps=plane_player_pages.STEPS,
        frame_name=step_name,
    ),
    Element(
        "digit-canvas",
        digit_pages.make_pages,
        pages=("large",),
        dark="dark",
        failures={"missing": "The network could not be loaded (status 404)."},
        board=".digits",
        ready=".digits__best",
        use=_draw_and_clear,
        unfold=_hold_the_pen,
        texts={"Clear", "total", "epistemic"},
        controls=("Pad to draw a digit on", "Turn the drawing", "Clear", *6 * [""]),
        far="far",
        fetches=("large.bin", "posterior.js"),
        moving=True,
    ),
    Element(
        "bayes-playground",
        playground_pages.make_pages,
        pages=("light",),
        dark="dark",
        failures={
            "missing": "The playground could not be loaded (status 404); this picture stands in for it."
        },
        board=".play",
        ready="[data-run]",
        use=_train,
        unfold=_unfold_playground,
        texts={"Train", "Prior sd", "Lay HMC over it"},
        controls=(
            *("Points", "Add", "Remove", "1 of 40", "Place along x to read"),
            *("Train", "Step", "Rewind", "New seed", "Lay HMC over it", "Predict, then reveal"),
            *("Prior sd", "Noise sd, in units of y", "Width", "Depth", "Activation"),
            *("Starting sd", "Learning rate", "Samples per step", "KL weight", "Steps"),
            *("Copy link", "Start over", "Your points as CSV", "The same in Python"),
        ),
        disabled=("Undo", "More draws"),
        charts={".play__fit": (BLUE, DARK_BLUE)},
        moving=True,
        settled=until_drawn,
    ),
]
ELEMENTS = {row.tag: row for row in ROWS}


# Fixtures, for the test files to take by their names; `element` is the file's own.
@pytest.fixture(scope="module")
def folder(element, tmp_path_factory):
    return element.make_pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def address(folder):
    with serve(folder, "/blog/") as where:
        yield where


@pytest.fixture
def open_page(browser, address, element):
    """A function that opens a page, "name?query#place" or a part of it, and waits for its element; an error,
    or another's server, fails the test. sound: whether no error is expected."""
    contexts, wrong = [], []

    def opened(where="", *, ready=True, sound=True, viewport=DESKTOP, moving=element.moving, **preferences):
        name, mark, query = where.partition("?")
        motion = "no-preference" if moving else "reduce"
        contexts.append(browser.new_context(viewport=viewport, reduced_motion=motion, **preferences))
        page = contexts[-1].new_page()
        if sound:
            # That a canvas is read often is the test's doing.
            page.on("console", lambda said: "getImageData" in said.text or wrong.append(said.text))
            page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith((address, "data:")) or wrong.append(asked.url))
        page.goto(f"{address}{name or element.pages[0]}.html{mark}{query}")
        if ready:
            page.wait_for_selector(f"{element.tag}{element.ready}, {element.tag} {element.ready}")
            element.settled(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def fixtures(tag):
    """The fixtures `folder`, `address`, `open_page` and `element` of a file on one element."""
    return folder, address, open_page, pytest.fixture(scope="module")(lambda: ELEMENTS[tag])
