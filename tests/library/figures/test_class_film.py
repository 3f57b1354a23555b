"""The film of class probabilities, read back from its frames."""

from itertools import combinations, pairwise

import matplotlib
import numpy as np
import pytest
from PIL import Image

from bayesian_nn.figures.class_film import _Stage, bar_colour, draw_class_film
from bayesian_nn.figures.film import LEGIBLE_AT_HALF_WIDTH
from bayesian_nn.figures.film_files import write_film, write_gif
from bayesian_nn.figures.style import style

EPOCHS = np.array([0, 0.05, 0.2, 1, 5, 20])
LABELS = np.array([3, 0, 1, 2])
IMAGES = np.random.default_rng(0).random((4, 8, 8))
ERRORS = np.array([0.8, 0.4, 0.2, 0.1, 0.05, 0.03])


def learning(epochs=EPOCHS):
    """From uniform probabilities to all but certainty, with a few draws around them."""
    truth = np.eye(5)[LABELS]
    learnt = (epochs / (1 + epochs))[:, None, None, None]
    spread = np.linspace(0.8, 1, 7)[:, None, None]
    return learnt * spread * truth + (1 - learnt * spread) / 5


@pytest.fixture(scope="module")
def film():
    return draw_class_film(EPOCHS, IMAGES, learning(), labels=LABELS, errors=ERRORS, seconds=1)


def stage(epochs=EPOCHS, images=IMAGES, probabilities=None, labels=LABELS, errors=ERRORS):
    probabilities = learning(epochs) if probabilities is None else probabilities
    with style(), matplotlib.rc_context(LEGIBLE_AT_HALF_WIDTH):
        return _Stage(epochs, images, probabilities, labels, errors, "validation", (640, 660))


def test_frames_share_the_seconds_and_the_last_is_held(film):
    assert film.frames.shape == (6, 660, 640, 3)
    assert film.frames.dtype == np.uint8
    assert film.durations.tolist() == [17] * 5 + [17 * 13]


def test_a_frame_shows_nothing_of_the_frames_before_it(film):
    alone = stage().draw(5)
    np.testing.assert_array_equal(alone, film.frames[-1])


def test_bars_are_the_means_and_dots_the_draws_of_their_own_frame_and_image():
    shown = stage()
    for frame in (4, 1):
        shown.draw(frame)
        for i in range(4):
            heights = [bar.get_height() for bar in shown.bars[i]]
            np.testing.assert_allclose(heights, learning()[frame, :, i].mean(axis=0))
            np.testing.assert_array_equal(shown.dots[i].get_ydata(), learning()[frame, :, i].ravel())
            colours = [bar.get_facecolor()[:3] for bar in shown.bars[i]]
            assert [k for k in range(5) if colours[k] == bar_colour(True)] == [LABELS[i]]


def test_the_cursor_and_the_titles_name_the_epoch_and_the_error():
    shown = stage()
    texts = []
    for frame in range(6):
        shown.draw(frame)
        texts.append((shown.epoch_text.get_text(), shown.error_text.get_text()))
        assert shown.dot.get_xydata()[0] == pytest.approx([EPOCHS[frame], 100 * ERRORS[frame]])
    assert texts[0] == ("epoch 0.00", "validation error 80.0 %")
    assert texts[2:] == [
        ("epoch 0.20", "validation error 20.0 %"),
        ("epoch 1.0", "validation error 10.0 %"),
        ("epoch 5.0", "validation error 5.00 %"),
        ("epoch 20", "validation error 3.00 %"),
    ]


def test_an_image_stays_grey_among_the_few_colours_of_a_gif(film, tmp_path):
    write_gif(film, tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as gif:
        gif.seek(gif.n_frames - 1)
        pixels = np.asarray(gif.convert("RGB")).astype(int)
    shown = stage()
    shown.draw(5)
    for axes in shown.figure.axes[: 2 * len(IMAGES) : 2]:
        left, bottom, right, top = axes.get_window_extent().extents.round().astype(int)
        inside = pixels[660 - top : 660 - bottom, left:right]
        assert inside.std() > 20, "there is no image here"
        assert np.ptp(inside, axis=-1).max() == 0


@pytest.mark.parametrize("errors", [ERRORS, np.zeros(6), np.array([0.9, 0.2, 0.01, 0.003, 0.001, 0])])
@pytest.mark.parametrize("epochs", [EPOCHS, np.arange(6.0), np.geomspace(1, 300, 6)])
def test_any_course_of_the_error_lies_within_its_axes(epochs, errors):
    shown = stage(epochs=epochs, errors=errors)
    axes = shown.dot.axes
    assert len(axes.get_yticks()) >= 2
    for frame in range(6):
        shown.draw(frame)
        x, y = axes.transAxes.inverted().transform(axes.transData.transform(shown.dot.get_xydata()[0]))
        assert -1e-9 <= x <= 1 + 1e-9
        assert -1e-9 <= y <= 1
    boxes = [text.get_window_extent() for text in axes.get_xticklabels() if text.get_text()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("n_images", [1, 3, 6, 9])
def test_no_panel_lies_on_another_however_many_images(n_images):
    probabilities = np.full((6, 2, n_images, 10), 0.1)
    shown = stage(images=np.ones((n_images, 4, 4)), probabilities=probabilities, labels=np.zeros(n_images))
    figure = shown.picture.figure
    boxes = [axes.get_tightbbox() for axes in figure.axes] + [figure.legends[0].get_window_extent()]
    for box in boxes:
        assert 0 <= box.x0 < box.x1 <= 640
        assert 0 <= box.y0 < box.y1 <= 660
    for one, other in combinations(boxes, 2):
        width = min(one.x1, other.x1) - max(one.x0, other.x0)
        height = min(one.y1, other.y1) - max(one.y0, other.y0)
        # Letters have room above and below them.
        assert min(width, height) <= 2.5


def test_the_film_is_written_in_every_form_and_small(film, tmp_path):
    write_film(film, tmp_path / "learning", alt="Bars grow on the true class.")
    sizes = {file.suffix: file.stat().st_size for file in tmp_path.iterdir()}
    assert set(sizes) == {".gif", ".mp4", ".png", ".txt"}
    assert max(sizes.values()) < 150_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"probabilities": learning()[:5]},
            r"n_frames = 6, as epochs has, and n_images = 4; got \[5, 7, 4, 5\]",
        ),
        ({"probabilities": 0.9 * learning()}, r"row 0, 0, 0 sums to 0\.9"),
        ({"labels": LABELS[:3]}, r"labels must be \[4\], one for each; got \[3\]"),
        ({"errors": ERRORS[:, None]}, r"errors must be \[6\], one for each; got \[6, 1\]"),
        ({"epochs": EPOCHS[::-1]}, "epochs must increase from 0 or more"),
        ({"size": (641, 660)}, "size must be even for MP4, and is 641 x 660"),
    ],
)
def test_bad_input_is_refused(change, message):
    arguments = {"epochs": EPOCHS, "images": IMAGES, "probabilities": learning()}
    arguments |= {"labels": LABELS, "errors": ERRORS} | change
    with pytest.raises(ValueError, match=message):
        draw_class_film(**arguments)
