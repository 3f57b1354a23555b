"""A server that answers as GitHub Pages does: compressed texts, ten minutes in the cache, films in parts."""

import contextlib
import gzip
import http.server
import mimetypes
import re
import threading
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMPRESSED = ("text/", "application/javascript", "application/json", "application/xml", "image/svg+xml")


@contextlib.contextmanager
def serve(site: Path, base: str = "/"):
    """The address of the folder `site` served under the path `base`, such as "/bayesian-deep-learning/"."""
    with _Server(("127.0.0.1", 0), _handler(Path(site), base)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{base}"
        finally:
            server.shutdown()
            thread.join()


def compressed(content: bytes) -> bytes:
    """Return `content` as it travels."""
    return gzip.compress(content, 6, mtime=0)


@lru_cache(maxsize=256)
def _compressed_file(path: Path, _changed: float) -> bytes:
    return compressed(path.read_bytes())


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Says nothing: a browser hangs up when it pleases."""


def _handler(site: Path, base: str):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path = unquote(urlsplit(self.path).path)
            file = site / path.removeprefix(base) if path.startswith(base) else None
            if file and file.is_dir() and path.endswith("/"):
                file /= "index.html"
            if file and file.is_file():
                self.answer(200, file)
            else:
                self.answer(404, site / "404.html")

        do_HEAD = do_GET

        def answer(self, status: int, file: Path):
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            packed = kind.startswith(COMPRESSED) and "gzip" in self.headers.get("Accept-Encoding", "")
            content = _compressed_file(file, file.stat().st_mtime) if packed else file.read_bytes()
            part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            headers = {"Content-Type": kind + "; charset=utf-8" * kind.startswith("text/")}
            if part and not packed and int(part[1]) < len(content):
                first, last = int(part[1]), min(int(part[2] or len(content)), len(content) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
                status, content = 206, content[first : last + 1]
            if packed:
                headers["Content-Encoding"] = "gzip"
            headers |= {"Accept-Ranges": "bytes", "Vary": "Accept-Encoding", "Cache-Control": "max-age=600"}
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler
