"""A player on a page: its element, its still and downloads, and the links that take it to a step."""

import json
import struct
import zlib
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError

from site_build.html import macros
from site_build.html.player_html import (
    at_step_html,
    check_steps,
    digits_player_html,
    plane_player_html,
    player_html,
    recorded_steps,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (1280).to_bytes(4, "big") + (960).to_bytes(4, "big")


def record_of(steps):
    """A record as far as the build reads it: made by hand, as the build never imports the library."""
    header = json.dumps({"arrays": [["codes", "|u1", 3], ["steps", "<f4", len(steps)]]}).encode()
    arrays = b"abc" + struct.pack(f"<{len(steps)}f", *steps)
    return b"BNNP" + zlib.compress(struct.pack("<I", len(header)) + header + arrays)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "outputs" / "plot_bnn"
    made.mkdir(parents=True)
    for name in ("run", "flat"):
        (made / f"{name}.bin").write_bytes(record_of([0, 1, 40, 1000]))
    for name in ("fit", "fit-dark"):
        (made / f"{name}.png").write_bytes(PNG)
    (made / "fit.txt").write_text('The "end".')
    for name in ("film.gif", "film.mp4", "hmc.json"):
        (made / name).touch()
    return made


def test_a_player_holds_its_still_and_offers_film_and_record(folder):
    html = player_html(
        folder,
        "run",
        id="fit",
        still="fit",
        film="film",
        beside=folder / "flat",
        truth=folder / "hmc",
        titles=("A small start", 'The "original"'),
        step=40,
        caption="**Watch** it.",
    )
    assert '<training-player id="fit" src="site:outputs/plot_bnn/run.bin" ' in html
    assert 'beside="site:outputs/plot_bnn/flat.bin"' in html
    assert 'truth="site:outputs/plot_bnn/hmc.json"' in html
    assert 'titles="A small start|The &quot;original&quot;" ' in html
    assert ' step="40">' in html
    inside = html.partition("<training-player")[2].partition("</training-player>")[0]
    assert inside.count('alt="The &quot;end&quot;."') == 2
    under = html.partition("<figcaption")[2]
    assert "**Watch** it. Downloads:" in under
    for name in ("film.gif", "film.mp4", "run.bin"):
        assert f'<a href="site:outputs/plot_bnn/{name}" download>' in under
    assert html.startswith('<figure class="player-frame" ')
    assert "style=" not in html


def test_without_options_there_is_the_run_alone(folder):
    html = player_html(folder, "run", id="fit", still="fit")
    assert '<training-player id="fit" src="site:outputs/plot_bnn/run.bin"><img ' in html
    assert "GIF" not in html


@pytest.mark.parametrize(
    ("make", "element"), [(digits_player_html, "digits-player"), (plane_player_html, "plane-player")]
)
def test_a_player_of_a_classifier_is_linked_to_and_checked_alike(folder, make, element):
    html = make(folder, "run", id="digits", still="fit", film="film", step=40, caption="See.")
    assert f'<{element} id="digits" src="site:outputs/plot_bnn/run.bin" step="40"><img ' in html
    assert html.rstrip().endswith("</figure>")
    assert 'href="site:outputs/plot_bnn/film.gif" download>' in html
    root = folder.parents[1]
    check_steps(html + at_step_html("digits", 1), "post.md", root)
    with pytest.raises(PluginError, match=r"run\.bin did not record step 2"):
        check_steps(html + at_step_html("digits", 2), "post.md", root)
    with pytest.raises(PluginError, match="no record of a classifier has this name"):
        make(folder, "walk", id="digits", still="fit")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("run.bin", r"run\.bin is missing: no record of a run has this name"),
        ("flat.bin", r"flat\.bin is missing: no record of a run"),
        ("hmc.json", r"hmc\.json is missing: no band has this name"),
        ("fit.png", r"fit\.png is missing"),
        ("fit.txt", r"fit\.txt is missing"),
        ("film.mp4", r"film\.mp4 is missing"),
        ("film.gif", r"film\.gif is missing"),
    ],
)
def test_a_missing_file_is_an_error(folder, missing, message):
    (folder / missing).unlink()
    with pytest.raises(PluginError, match=message):
        player_html(
            folder, "run", id="a", still="fit", film="film", beside=folder / "flat", truth=folder / "hmc"
        )


def test_a_step_that_was_not_recorded_is_refused_with_those_near_it(folder):
    assert recorded_steps(folder / "run.bin") == [0, 1, 40, 1000]
    message = r"run\.bin did not record step 41, but 0, 1, 40, 1000: .* record_at"
    with pytest.raises(PluginError, match=message):
        player_html(folder, "run", id="fit", still="fit", step=41)
    root = folder.parents[1]
    page = player_html(folder, "run", id="fit", still="fit")
    check_steps(page + at_step_html("fit", 40), "post.md", root)
    with pytest.raises(PluginError, match=message):
        check_steps(page + at_step_html("fit", 41), "post.md", root)
    with pytest.raises(PluginError, match=message):
        check_steps(page + at_step_html("fit", 41, hmc=True), "post.md", root)
    with pytest.raises(PluginError, match=r"post\.md links to a player 'fot', and has fit\."):
        check_steps(page + at_step_html("fot", 40), "post.md", root)


def test_a_step_must_be_recorded_in_both_runs(folder):
    (folder / "flat.bin").write_bytes(record_of([0, 1, 1000]))
    both = {"id": "two", "still": "fit", "beside": folder / "flat"}
    page = player_html(folder, "run", **both, titles=("one", "other"), step=1)
    root = folder.parents[1]
    check_steps(page + at_step_html("two", 1000), "post.md", root)
    message = r"flat\.bin did not record step 40, but 0, 1, 1000:"
    with pytest.raises(PluginError, match=message):
        check_steps(page + at_step_html("two", 40), "post.md", root)
    with pytest.raises(PluginError, match=message):
        player_html(folder, "run", **both, step=40)


def test_a_link_names_the_step_and_works_without_scripts():
    assert at_step_html("fit", 1000) == '<a href="?player=fit&amp;step=1000#fit">at step 1,000</a>'
    assert 'step=1000&amp;hmc=1#fit"' in at_step_html("fit", 1000, hmc=True)
    assert at_step_html("fit", 4, "there & then").endswith(">there &amp; then</a>")
    with pytest.raises(PluginError, match="a player's id must be small letters"):
        at_step_html("Fit 1", 4)


def test_pages_have_the_macros(folder):
    root, given = folder.parents[1], {}
    (root / "examples").mkdir()
    (root / "examples" / "plot_bnn.py").touch()
    env = SimpleNamespace(
        project_dir=root, variables={}, filter=str, macro=lambda value, name: given.update({name: value})
    )
    macros.define_env(env)
    html = given["player"](
        "plot_bnn/run", "See.", id="fit", still="fit", beside="plot_bnn/flat", truth="plot_bnn/hmc"
    )
    assert 'beside="site:outputs/plot_bnn/flat.bin" truth="site:outputs/plot_bnn/hmc.json"' in html
    for kind in ("digits", "plane"):
        assert f"<{kind}-player" in given[f"{kind}_player"]("plot_bnn/run", "See.", id="a", still="fit")
    with pytest.raises(ValueError, match=r"there is no examples/plot_ghost\.py"):
        given["player"]("plot_bnn/run", id="fit", still="fit", beside="plot_ghost/flat")
    env.page = SimpleNamespace(file=SimpleNamespace(src_uri="post.md"))
    env.markdown = html + given["at_step"]("fit", 40)
    macros.on_post_page_macros(env)
    env.markdown = html + given["at_step"]("fit", 39)
    with pytest.raises(PluginError, match="did not record step 39"):
        macros.on_post_page_macros(env)


@pytest.mark.parametrize(
    "quote", ['player("a/b")', 'digits_player("a/b")', 'plane_player("a/b")', 'at_step("fit", 4)']
)
def test_a_page_that_would_show_a_quote_as_it_is_written_is_refused(quote):
    page = SimpleNamespace(meta={}, file=SimpleNamespace(src_uri="post.md"))
    with pytest.raises(PluginError, match=r"post\.md would show"):
        macros.refuse_unrendered(f"<p>{{{{ {quote} }}}}</p>", page)
