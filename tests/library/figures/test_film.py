"""The film, read back from its frames and its files."""

import subprocess
from types import SimpleNamespace

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from bayesian_nn.figures.film import _Stage, draw_film
from bayesian_nn.figures.film_files import Film, write_film, write_gif, write_mp4, write_still
from bayesian_nn.predictions.real import PredictionFilm

STEPS = np.array([0, 1, 2, 4, 7, 14, 27, 52, 100, 193, 373, 500])
RUN = SimpleNamespace(
    n_steps_done=500, elbo=-100 - 20_000 * np.exp(-np.arange(500) / 20.0), log_likelihood=None, kl=None
)
DATA = SimpleNamespace(
    x=np.array([[0.5], [7.5]]), y=np.array([0.0, 0.5]), truth=None, x_names=("x",), y_name="y"
)


def prediction_film(steps=STEPS, **change):
    x = np.linspace(0, 8, 60)
    learnt = np.sqrt(np.asarray(steps) / 500)[:, None]
    mean = learnt * np.cos(x)
    epistemic_std = 0.1 + 0.3 * learnt * np.exp(-((x - 4) ** 2))
    curves = mean[:, None] + epistemic_std[:, None] * np.array([-1.5, 0.5, 1])[:, None]
    arrays = {
        "mean": mean,
        "epistemic_std": epistemic_std,
        "std": np.hypot(epistemic_std, 0.1),
        "curves": curves,
    }
    return PredictionFilm(steps=steps, x=x, **arrays | change)


@pytest.fixture(scope="module")
def film():
    return draw_film(prediction_film(), RUN, DATA, seconds=1.2, hold_seconds=0.5)


def distances(frame, frames):
    return np.abs(frames.astype(float) - frame).mean(axis=(1, 2, 3))


def gif_frames(path):
    frames, durations = [], []
    with Image.open(path) as image:
        for index in range(image.n_frames):
            image.seek(index)
            frames.append(np.asarray(image.convert("RGB")))
            durations.append(image.info["duration"])
    return np.array(frames), durations


def mp4_frames(path):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, 540, 640, 3), done.stderr.decode()


def test_frames_share_the_seconds_and_the_last_is_held(film):
    assert film.frames.shape == (12, 540, 640, 3)
    assert film.frames.dtype == np.uint8
    assert film.durations.tolist() == [10] * 11 + [60]


def test_a_frame_shows_nothing_of_the_frames_before_it(film):
    alone = draw_film(prediction_film(STEPS[-1:]), RUN, DATA)
    np.testing.assert_array_equal(alone.frames[0], film.frames[-1])


def test_the_band_is_as_wide_as_the_numbers_say():
    flat = np.zeros((1, 60))
    narrow = {"mean": flat, "epistemic_std": flat + 1e-3, "std": flat + 0.25, "curves": flat[:, None]}
    frame = draw_film(prediction_film(STEPS[-1:], **narrow), RUN, DATA, y_limits=(-1, 1)).frames[0]
    # The panel is 0.365 of the height; x = 4 lies at its middle, far from the data.
    column = frame[110:300, round(640 * (0.15 + 0.805 / 2)) + 20]
    tinted = np.any(column < 255, axis=-1).sum()
    assert tinted == pytest.approx(4 * 0.25 / 2 * 0.365 * 540, abs=2)


def test_the_cursor_moves_to_its_step_and_the_title_with_it():
    same = np.zeros((2, 60))
    still = {"mean": same, "epistemic_std": same + 0.1, "std": same + 0.2, "curves": same[:, None]}
    first, last = draw_film(prediction_film([0, 500], **still), RUN, DATA).frames
    rows = np.flatnonzero(np.any(first != last, axis=(1, 2)))
    # Of the predictive panel and its legend, between 7 % and 69 % of the height, nothing moves.
    assert not np.any((rows > 0.07 * 540) & (rows < 0.69 * 540))
    lower = np.flatnonzero(np.any(first[400:470] != last[400:470], axis=(0, 2)))
    assert lower.min() == pytest.approx(0.15 * 640, abs=8)
    assert lower.max() == pytest.approx(0.955 * 640, abs=9)
    blue = np.all((last == (0, 114, 178)) & (first != last), axis=-1)[400:470]
    assert np.median(np.flatnonzero(blue.any(axis=0))) == pytest.approx(0.955 * 640, abs=1)


@pytest.mark.parametrize("unit", [1e6, 1e-6, 1, 12_345])
def test_no_number_or_label_leaves_the_picture_whatever_the_units(unit):
    film = prediction_film(STEPS[-2:])
    arrays = {name: unit * getattr(film, name) for name in ("mean", "epistemic_std", "std", "curves")}
    run = SimpleNamespace(n_steps_done=500, elbo=unit * RUN.elbo)
    data = SimpleNamespace(**vars(DATA) | {"y": unit * DATA.y, "y_name": "income in dollars"})
    picture = draw_film(prediction_film(STEPS[-2:], **arrays), run, data).frames[-1]
    assert np.all(picture[:, :3] == 255)
    legend = draw_film(prediction_film(STEPS[-1:]), RUN, DATA).frames[-1][75:105, 90:440]
    shown = picture[75:105, 90:440]
    assert np.any(shown < 255, axis=-1).sum() == pytest.approx(np.any(legend < 255, axis=-1).sum(), rel=0.3)


def test_a_power_of_ten_is_named_in_the_label():
    film = prediction_film(STEPS[-1:])
    arrays = {name: 1e6 * getattr(film, name) for name in ("mean", "epistemic_std", "std", "curves")}
    stage = _Stage(prediction_film(STEPS[-1:], **arrays), RUN, DATA, (-2e6, 2e6), None, (640, 540))
    assert "10^{6}" in stage.predictive_axes.get_ylabel()
    assert not stage.predictive_axes.yaxis.get_offset_text().get_visible()
    stage = _Stage(film, RUN, DATA, (-2, 2), None, (640, 540))
    assert stage.predictive_axes.get_ylabel() == "y"
    np.testing.assert_allclose(stage.predictive_axes.get_position().bounds, (0.15, 0.435, 0.805, 0.365))


@pytest.mark.parametrize("n_steps", [1, 2, 5, 500])
def test_the_film_ends_on_the_runs_own_elbo_and_its_dot_lies_on_the_curve(n_steps):
    run = SimpleNamespace(n_steps_done=n_steps, elbo=RUN.elbo[:n_steps], final_elbo=-77.6)
    steps = np.arange(n_steps + 1) if n_steps < 9 else STEPS
    stage = _Stage(prediction_film(steps), run, DATA, (-2, 2), None, (640, 540))
    curve = max(stage.dot.axes.lines, key=lambda line: line.get_lw()).get_xydata()
    for frame, step in enumerate(steps):
        stage.draw(frame)
        x, y = stage.dot.get_xydata()[0]
        assert x == step
        assert y == pytest.approx(np.interp(step, *curve.T), rel=0.02)
    assert stage.elbo_text.get_text() == "ELBO \N{MINUS SIGN}78 nats"
    assert y == -77.6


def test_the_gif_decodes_to_the_frames_that_were_drawn(film, tmp_path):
    write_gif(film, tmp_path / "film.gif")
    frames, durations = gif_frames(tmp_path / "film.gif")
    assert durations == [100] * 11 + [600]
    for index, frame in enumerate(frames):
        distance = distances(frame, film.frames)
        assert distance.argmin() == index
        assert distance[index] < 1.5
    tint = np.array([209, 230, 241])
    drawn = np.all(np.abs(film.frames.astype(int) - tint) <= 2, axis=-1)
    assert drawn.sum() > 10_000
    assert np.mean(np.all(np.abs(frames[drawn].astype(int) - tint) <= 2, axis=-1)) > 0.99


def test_the_same_film_has_the_same_bytes_and_no_version_in_them(film, tmp_path):
    again = draw_film(prediction_film(), RUN, DATA, seconds=1.2, hold_seconds=0.5)
    np.testing.assert_array_equal(again.frames, film.frames)
    for write, name in ((write_gif, "film.gif"), (write_still, "film.png")):
        write(film, tmp_path / name)
        first = (tmp_path / name).read_bytes()
        write(again, tmp_path / name)
        assert (tmp_path / name).read_bytes() == first
        assert b"illow" not in first


def test_the_gif_takes_fewer_colours_to_stay_in_its_budget_and_warns_beyond(film, tmp_path):
    path = tmp_path / "film.gif"
    write_gif(film, path)
    size = path.stat().st_size
    write_gif(film, path, max_bytes=size - 1)
    assert path.stat().st_size < size
    with pytest.warns(UserWarning, match=r"bytes, over 1,000: draw fewer frames"):
        write_gif(film, path, max_bytes=1000)
    assert len(gif_frames(path)[0]) == 12


def test_the_mp4_decodes_to_the_frames_that_were_drawn(film, tmp_path):
    write_mp4(film, tmp_path / "film.mp4")
    frames, about = mp4_frames(tmp_path / "film.mp4")
    assert "Video: h264" in about
    assert "yuv420p(tv, bt709" in about
    assert "640x540" in about
    assert " 10 fps" in about
    # Eleven frames, and the last for six times as long.
    assert len(frames) == 17
    assert distances(frames[0], film.frames).argmin() == 0
    assert distances(frames[-1], film.frames).argmin() == 11
    assert distances(frames[0], film.frames)[0] < 3
    assert distances(frames[-1], film.frames)[11] < 3
    # Browsers need the index before the pictures to start at once.
    written = (tmp_path / "film.mp4").read_bytes()
    assert written.index(b"moov") < written.index(b"mdat")


def test_the_still_is_the_last_frame(film, tmp_path):
    write_still(film, tmp_path / "still.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "still.png")), film.frames[-1])


def test_a_film_is_written_in_every_form_with_the_text_in_its_place(film, tmp_path):
    write_film(film, tmp_path / "learning", alt="A curve finds the points.")
    assert {file.name for file in tmp_path.iterdir()} == {
        f"learning.{kind}" for kind in ("gif", "mp4", "png", "txt")
    }
    assert (tmp_path / "learning.txt").read_text() == "A curve finds the points.\n"
    assert len(gif_frames(tmp_path / "learning.gif")[0]) == 12
    assert len(mp4_frames(tmp_path / "learning.mp4")[0]) == 17


def test_a_films_name_may_hold_a_point(film, tmp_path):
    write_film(film, tmp_path / "sd0.02", alt="A curve finds the points.")
    assert {file.name for file in tmp_path.iterdir()} == {
        f"sd0.02.{kind}" for kind in ("gif", "mp4", "png", "txt")
    }
    with pytest.raises(ValueError, match=r"without an ending.*; got 'film\.gif'"):
        write_film(film, tmp_path / "film.gif", alt="")


def test_an_encoder_that_fails_leaves_the_old_film(film, tmp_path):
    path = tmp_path / "film.mp4"
    write_mp4(film, path)
    old = path.read_bytes()
    broken = Film(film.frames[:, :539], film.durations)
    with pytest.raises(OSError, match=r"cannot encode .*film\.mp4: .*height not divisible by 2"):
        write_mp4(broken, path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("film.mp4", old)]


def test_progress_is_absent_without_a_terminal(capfd):
    draw_film(prediction_film(STEPS[:2]), RUN, DATA)
    assert capfd.readouterr() == ("", "")


def test_a_film_of_another_run_and_an_odd_size_are_refused():
    with pytest.raises(ValueError, match="film ends at step 501, and run has 500 steps"):
        draw_film(prediction_film(np.array([0, 501])), RUN, DATA)
    with pytest.raises(ValueError, match="size must be even for MP4, and is 641 x 540"):
        draw_film(prediction_film(), RUN, DATA, size=(641, 540))
