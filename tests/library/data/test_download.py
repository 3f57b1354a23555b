"""Downloads from a server on this machine: broken off, altered, resumed, two at once."""

import hashlib
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from readers.file_server import serving

from bayesian_nn.data import download as module
from bayesian_nn.data.download import KnownFile, download

CONTENT = np.random.default_rng(0).bytes(300_000)
NAME = "digits.gz"
KNOWN = KnownFile("mnist", NAME, len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), ())
ALTERED = CONTENT[:1000] + b"?" + CONTENT[1001:]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


def _fetch(server, folder):
    return download(f"{server.url}/{NAME}", KNOWN, folder)


def _leaves_only_the_file(folder):
    assert [path.name for path in folder.iterdir()] == [NAME]
    return (folder / NAME).read_bytes() == CONTENT


def test_a_download_leaves_the_file_and_nothing_else(tmp_path):
    with serving({NAME: CONTENT}) as server:
        assert _fetch(server, tmp_path) == tmp_path / NAME
    assert _leaves_only_the_file(tmp_path)


def test_others_may_read_the_file(tmp_path):
    usual = tmp_path / "usual"
    usual.touch()
    with serving({NAME: CONTENT}) as server:
        assert _fetch(server, tmp_path).stat().st_mode == usual.stat().st_mode


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("says_length", [True, False])
def test_what_broke_off_is_resumed_or_begun_anew(tmp_path, ranges, says_length):
    with (
        serving({NAME: CONTENT}, breaks_at=200_000, says_length=says_length) as server,
        pytest.raises(OSError, match="broke off after 200,000 of 300,000 bytes"),
    ):
        _fetch(server, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{NAME}.part"]
    with serving({NAME: CONTENT}, ranges=ranges, says_length=says_length) as server:
        _fetch(server, tmp_path)
        assert server.asked == [(NAME, 200_000)]
    assert _leaves_only_the_file(tmp_path)


def test_a_process_that_was_killed_is_resumed(tmp_path):
    go_on = threading.Event()
    with serving({NAME: CONTENT}, before_byte=(200_000, go_on.wait)) as server:
        process = _process(server, tmp_path)
        part = tmp_path / f"{NAME}.part"
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size >= 100_000):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        process.communicate()
        go_on.set()
    with serving({NAME: CONTENT}) as server:
        _fetch(server, tmp_path)
        assert server.asked[0][1] >= 100_000
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert not part.exists()


def test_two_processes_at_once_both_get_the_file(tmp_path):
    both_are_halfway = threading.Barrier(2)
    with serving({NAME: CONTENT}, before_byte=(150_000, lambda: both_are_halfway.wait(60))) as server:
        processes = [_process(server, tmp_path) for _ in range(2)]
        for process in processes:
            _, errors = process.communicate(timeout=60)
            assert not errors, "only a terminal is shown progress"
            assert not process.returncode
    assert _leaves_only_the_file(tmp_path)


def test_a_terminal_is_shown_progress(tmp_path):
    termios = pytest.importorskip("termios", reason="there are pseudo-terminals on Unix only")
    reading, writing = os.openpty()
    termios.tcsetwinsize(writing, (24, 80))
    with serving({NAME: CONTENT}) as server, open(reading, "rb", buffering=0) as terminal:
        process = _process(server, tmp_path, stderr=writing)
        os.close(writing)
        assert not process.wait(60)
        shown = terminal.read(10_000).decode()
    assert f"{NAME}: 100%" in shown


def _process(server, folder, stderr=subprocess.PIPE):
    script = f"""
from pathlib import Path
from bayesian_nn.data.download import KnownFile, download
download("{server.url}/{NAME}", KnownFile(*{tuple(KNOWN)}), Path("{folder}"))
"""
    return subprocess.Popen([sys.executable, "-c", script], stderr=stderr, text=True)


@pytest.mark.parametrize("n_kept", [100_000, 300_000, 300_001])
def test_what_was_kept_and_is_spoilt_is_begun_anew(tmp_path, n_kept):
    (tmp_path / f"{NAME}.part").write_bytes((ALTERED + b"?")[:n_kept])
    with serving({NAME: CONTENT}) as server:
        _fetch(server, tmp_path)
        assert server.asked[-1] == (NAME, 0)
    assert _leaves_only_the_file(tmp_path)


def test_what_was_kept_whole_is_not_asked_for(tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT)
    with serving({}) as server:
        _fetch(server, tmp_path)
        assert not server.asked
    assert _leaves_only_the_file(tmp_path)


@pytest.mark.parametrize(
    ("sent", "says_length", "message"),
    [
        (ALTERED, True, "is not the original of mnist: its SHA-256 differs"),
        (CONTENT + b"?", False, "is not the original of mnist: its SHA-256 differs"),
        (b"<p>Log in to this network", True, "sends 25 bytes, where the original has 300,000"),
        (b"<p>Log in to this network", False, "broke off after 25 of 300,000 bytes"),
    ],
)
def test_another_file_is_refused_and_the_old_one_stays(tmp_path, sent, says_length, message):
    (tmp_path / NAME).write_bytes(b"old")
    with (
        serving({NAME: sent}, says_length=says_length) as server,
        pytest.raises(OSError, match=message),
    ):
        _fetch(server, tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"old"
    with serving({NAME: CONTENT}) as server:
        _fetch(server, tmp_path)
    assert _leaves_only_the_file(tmp_path)


def test_what_never_ends_is_not_read_to_its_end(tmp_path):
    goes_on = threading.Event()
    endless = serving({NAME: 2 * CONTENT}, says_length=False, before_byte=(400_000, goes_on.wait))
    with endless as server:
        with pytest.raises(OSError, match="SHA-256 differs"):
            _fetch(server, tmp_path)
        goes_on.set()


def test_a_page_of_another_size_does_not_touch_what_was_kept(tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:100_000])
    with serving({NAME: b"<p>Log in"}, ranges=False) as server, pytest.raises(OSError, match="sends 9 bytes"):
        _fetch(server, tmp_path)
    assert (tmp_path / f"{NAME}.part").read_bytes() == CONTENT[:100_000]


def test_a_missing_file_and_a_silent_server_are_told_apart(tmp_path, monkeypatch):
    with serving({}) as server, pytest.raises(OSError, match="404"):
        _fetch(server, tmp_path)
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.2)
    goes_on = threading.Event()

    class Silent(dict):
        def __contains__(self, _):
            return goes_on.wait()

    with serving(Silent({NAME: CONTENT})) as server:
        with pytest.raises(TimeoutError, match=r"no answer within 0\.2 seconds"):
            _fetch(server, tmp_path)
        goes_on.set()


def test_what_does_not_speak_http_is_no_crash(tmp_path):
    import socketserver

    class Rude(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(10_000)
            self.request.sendall(b"220 mail.example ESMTP\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Rude) as server:
        threading.Thread(target=server.handle_request).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/{NAME}"
        with pytest.raises(OSError, match="the answer is not HTTP"):
            download(url, KNOWN, tmp_path)
