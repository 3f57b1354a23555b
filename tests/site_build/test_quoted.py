"""What a page quotes: numbers that read well, figures, films and canvases, formulas as MathML."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError
from readers.site_build_project import write

from site_build.execution.example_runs import Example
from site_build.html import macros
from site_build.html.media import digit_canvas_html, figure_html, film_html
from site_build.pages.gallery_pages import tidy_example
from site_build.theme import mathematics
from site_build.theme.mathfont import characters_in

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (1280).to_bytes(4, "big") + (960).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (macros.number(1000), "1,000"),
        (macros.number(-1234.56), "\N{MINUS SIGN}1,230"),
        (macros.number(0.08123), "0.0812"),
        (macros.number(0.5), "0.500"),
        (macros.number(9.999), "10.0"),
        (macros.number(12.0, 2), "12"),
        (macros.number(0.0), "0"),
        (
            macros.number(1.5e-7, 2),
            "1.5 \N{MULTIPLICATION SIGN} 10\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT SEVEN}",
        ),
        (macros.fixed(-78.4), "\N{MINUS SIGN}78.40"),
        (macros.nats(-78.44), "\N{MINUS SIGN}78.4\N{NO-BREAK SPACE}nats"),
        (macros.percent(0.951), "95%"),
        (macros.seconds(0.0451), "45\N{NO-BREAK SPACE}ms"),
        (macros.seconds(3.44), "3.4\N{NO-BREAK SPACE}s"),
        (macros.seconds(125.2), "2\N{NO-BREAK SPACE}min 5\N{NO-BREAK SPACE}s"),
        (macros.seconds(59.99), "1\N{NO-BREAK SPACE}min"),
        (macros.seconds(0.9999), "1.0\N{NO-BREAK SPACE}s"),
    ],
)
def test_a_number_reads_well(text, expected):
    assert text == expected


def test_an_unknown_example_or_name_is_named_with_what_there_is(tmp_path):
    write(tmp_path / "examples" / "plot_bnn.py", "")
    write(tmp_path / "outputs" / "plot_bnn" / "numbers.json", '{"elbo_final": -78.4}')
    numbers = macros.Numbers(tmp_path, "numbers")
    assert numbers["plot_bnn"]["elbo_final"] == -78.4
    with pytest.raises(ValueError, match="elbo_fnal does not exist; there is elbo_final"):
        numbers["plot_bnn"]["elbo_fnal"]
    with pytest.raises(ValueError, match=r"there is no examples/plot_bn\.py"):
        numbers["plot_bn"]
    write(tmp_path / "examples" / "plot_dry.py", "")
    with pytest.raises(ValueError, match=r"left no outputs/plot_dry/numbers\.json"):
        numbers["plot_dry"]


def test_only_what_an_existing_example_made_is_quoted(tmp_path):
    ghost = tmp_path / "outputs" / "plot_ghost"
    write(ghost / "numbers.json", '{"elbo": 1.0}')
    write(ghost / "elbo.txt", "A line.")
    (ghost / "elbo.png").write_bytes(PNG)
    (ghost / "elbo.mp4").touch()
    given = {}
    macros.define_env(
        SimpleNamespace(
            project_dir=tmp_path,
            variables=given,
            macro=lambda value, name: given.update({name: value}),
            filter=str,
        )
    )
    with pytest.raises(ValueError, match=r"there is no examples/plot_ghost\.py"):
        given["numbers"]["plot_ghost"]
    for name, options in {"figure": {}, "film": {}, "digit_canvas": {"still": "elbo"}}.items():
        with pytest.raises(ValueError, match=r"there is no examples/plot_ghost\.py"):
            given[name]("plot_ghost/elbo", **options)
    write(tmp_path / "examples" / "plot_ghost.py", "")
    assert given["numbers"]["plot_ghost"]["elbo"] == 1.0
    assert "elbo.mp4" in given["film"]("plot_ghost/elbo")
    (ghost / "net.bin").touch()
    assert "<figcaption" in given["digit_canvas"]("plot_ghost/net", "Draw.", still="elbo")


def test_a_table_s_rows_are_finite_numbers_too(tmp_path):
    write(tmp_path / "examples" / "plot_bnn.py", "")
    file = tmp_path / "outputs" / "plot_bnn" / "timings.json"
    write(file, '{"rows": [{"name": "a", "seconds": 1.5}]}')
    assert macros.Numbers(tmp_path, "timings")["plot_bnn"]["rows"][0]["seconds"] == 1.5
    write(file, '{"rows": [{"name": "a", "seconds": NaN}]}')
    with pytest.raises(ValueError, match=r"timings\.plot_bnn\.rows\.0\.seconds is nan"):
        macros.Numbers(tmp_path, "timings")["plot_bnn"]


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_named(tmp_path, value):
    write(tmp_path / "examples" / "plot_bnn.py", "")
    write(tmp_path / "outputs" / "plot_bnn" / "numbers.json", f'{{"good": 1, "elbo": {value}}}')
    with pytest.raises(ValueError, match=r"numbers\.plot_bnn\.elbo is"):
        macros.Numbers(tmp_path, "numbers")["plot_bnn"]


def test_a_figure_or_film_without_its_files_is_an_error(tmp_path):
    with pytest.raises(PluginError, match=r"elbo\.png is missing: no figure has this label"):
        figure_html(tmp_path, "elbo")
    (tmp_path / "elbo.png").write_bytes(PNG)
    with pytest.raises(PluginError, match=r"elbo\.txt is missing: .* the text that stands in for it"):
        figure_html(tmp_path, "elbo")
    (tmp_path / "elbo.mp4").touch()
    with pytest.raises(PluginError, match=r"elbo\.txt is missing"):
        film_html(tmp_path, "elbo")
    (tmp_path / "elbo.txt").write_text('The "bound" rises.')
    assert 'alt="The &quot;bound&quot; rises."' in figure_html(tmp_path, "elbo")
    assert 'width="1280"' in film_html(tmp_path, "elbo")


def test_a_digit_canvas_has_a_posterior_and_a_still(tmp_path):
    with pytest.raises(PluginError, match=r"net\.bin is missing: no posterior has this name"):
        digit_canvas_html(tmp_path, "net", still="digits")
    (tmp_path / "net.bin").touch()
    with pytest.raises(PluginError, match=r"digits\.png is missing"):
        digit_canvas_html(tmp_path, "net", still="digits")
    for name in ("digits", "digits-dark"):
        (tmp_path / f"{name}.png").write_bytes(PNG)
    (tmp_path / "digits.txt").write_text("Nine digits.")
    html = digit_canvas_html(tmp_path, "net", still="digits")
    assert f'<digit-canvas src="site:outputs/{tmp_path.name}/net.bin"><img ' in html
    assert html.count('alt="Nine digits."') == 2


@pytest.mark.parametrize(
    "quote", ["numbers.plot_bnn.elbo", 'figure("a/b")', 'film("a/b")', 'digit_canvas("a/b")']
)
def test_a_page_that_would_show_a_quote_as_it_is_written_is_refused(quote):
    page = SimpleNamespace(meta={}, file=SimpleNamespace(src_uri="post.md"))
    with pytest.raises(PluginError, match=r"post\.md would show .* add render_macros: true"):
        macros.refuse_unrendered(f"<p>{{{{ {quote} }}}}</p>", page)
    macros.refuse_unrendered(f"<p><code>{{{{ {quote} }}}}</code></p>", page)


def test_tex_that_cannot_be_typeset_names_its_page():
    with pytest.raises(PluginError, match=r"notation.md has TeX that cannot be typeset: \\nonsense"):
        mathematics.typeset(r'<span class="arithmatex">\(\nonsense\)</span>', "notation.md")
    with pytest.raises(PluginError, match="in a form that"):
        mathematics.typeset('<span class="arithmatex">$x$</span>', "notation.md")


def test_a_formula_may_hold_any_character():
    html = mathematics.typeset(r'<div class="arithmatex">\[a &lt; b\]</div>', "notation.md")
    assert "<mo>&lt;</mo>" in html
    assert {"\N{MATHEMATICAL ITALIC SMALL A}", "<"} <= characters_in(html)


@pytest.mark.parametrize(
    ("letter", "drawn_as"),
    [
        ("h", "\N{PLANCK CONSTANT}"),
        ("W", "\N{MATHEMATICAL ITALIC CAPITAL W}"),
        ("\N{GREEK SMALL LETTER THETA}", "\N{MATHEMATICAL ITALIC SMALL THETA}"),
        ("\N{GREEK LUNATE EPSILON SYMBOL}", "\N{MATHEMATICAL ITALIC EPSILON SYMBOL}"),
    ],
)
def test_the_font_has_the_italic_of_a_variable(letter, drawn_as):
    assert characters_in(f"<math><mi>{letter}</mi></math>") == {letter, drawn_as}


def test_an_examples_first_paragraph_describes_it():
    note = "!!! note\n\n    Click [here](#download_links)\n    to download the full example code\n\n"
    page, config = SimpleNamespace(meta={}), SimpleNamespace(extra={})
    example = Example("plot_line", Path(), Path("examples"), Path("docs/gallery"))
    markdown = f"<!-- made -->\n\n{note}\n# Title\n\nFirst\nwords.\n\nMore.\n"
    tidied = tidy_example(markdown, page, example, config)
    assert "Click" not in tidied
    assert page.meta["description"] == "First words."
