"""What a build keeps for the next one is whole or absent."""

from types import SimpleNamespace

import pytest
from readers.site_build_project import write

from site_build.files.json_files import replacing
from site_build.pages import notebooks
from site_build.theme import mathfont


def test_what_is_interrupted_leaves_what_was_there(tmp_path):
    file = tmp_path / "cache" / "file.txt"
    with replacing(file) as beside:
        beside.write_text("whole")
    with pytest.raises(UnicodeEncodeError), replacing(file) as beside:
        beside.write_text("ha\ud800", encoding="utf-8")
    assert file.read_text() == "whole"
    assert list(file.parent.iterdir()) == [file]


def test_half_a_font_is_never_published(tmp_path, monkeypatch):
    def interrupted(_text, target):
        target.write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mathfont, "_subset", interrupted)
        with pytest.raises(KeyboardInterrupt):
            mathfont.write({"x"}, tmp_path / "assets", tmp_path / "cache")
    mathfont.write({"x"}, tmp_path / "assets", tmp_path / "cache")
    assert (tmp_path / "assets" / "math.woff2").read_bytes().startswith(b"wOF2")


def test_half_a_notebooks_result_is_executed_anew(tmp_path, monkeypatch):
    n_executed = []
    result = {"content": "<p>", "toc_tokens": [], "title": None}
    monkeypatch.setattr(notebooks, "_execute", lambda *_: n_executed.append(1) or result)
    write(tmp_path / "requirements.lock", "")
    write(tmp_path / "docs" / "notebooks" / "own.ipynb", "{}")
    file = SimpleNamespace(
        abs_src_path=str(tmp_path / "docs/notebooks/own.ipynb"), src_uri="notebooks/own.ipynb"
    )
    arguments = (
        SimpleNamespace(file=file),
        SimpleNamespace(config_file_path=str(tmp_path / "mkdocs.yml")),
        None,
    )
    for n_expected in (1, 1):
        assert notebooks._executed(*arguments) == result
        assert len(n_executed) == n_expected
    (cache,) = (tmp_path / ".cache" / "notebooks").rglob("*.json")
    cache.write_text(cache.read_text()[:20])
    assert notebooks._executed(*arguments) == result
    assert len(n_executed) == 2
