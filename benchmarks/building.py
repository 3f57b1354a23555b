"""Measures how long an author waits: for an unchanged `make site`, for a line changed under `make serve`.

    .venv/bin/python benchmarks/building.py

Run it after `make site`. It adds a line to docs/gotchas.md for a moment, and takes it back.
"""

import os
import signal
import socket
import subprocess
import time
import urllib.request

from first_post import ROOT, report

PAGE = ROOT / "docs" / "gotchas.md"


def main():
    subprocess.run(["make", "site"], cwd=ROOT, check=True, capture_output=True)
    report("make site, nothing changed", min(unchanged() for _ in range(5)), "s", "<= 5")
    report("a prose edit under make serve, until the page shows it", edit_served(), "s", "<= 1.5")


def unchanged():
    start = time.perf_counter()
    subprocess.run(["make", "site"], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


def edit_served():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*free.getsockname())
    server = subprocess.Popen(
        ["make", "serve", f"ADDRESS={address}"],
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    text = PAGE.read_text(encoding="utf-8")
    try:
        wait_for(f"http://{address}/gotchas/", "Gotchas", 120)
        return min(timed_edit(f"http://{address}/gotchas/", text, n) for n in range(5))
    finally:
        PAGE.write_text(text, encoding="utf-8")
        os.killpg(server.pid, signal.SIGINT)
        server.wait(30)


def timed_edit(url, text, number):
    time.sleep(2)
    mark = f"A line that benchmark {number} wrote."
    start = time.perf_counter()
    PAGE.write_text(f"{text}\n{mark}\n", encoding="utf-8")
    wait_for(url, mark, 60)
    return time.perf_counter() - start


def wait_for(url, text, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as page:
                if text in page.read().decode():
                    return
        except OSError:
            pass
        time.sleep(0.02)
    raise TimeoutError(f"{url} did not show {text!r} within {seconds} s")


if __name__ == "__main__":
    main()
