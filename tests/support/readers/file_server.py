"""A server of one file on this machine, which breaks off, alters and keeps silent as a test asks."""

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves `files` {name: bytes} and notes in `asked` (name, first byte asked for) of every request."""

    def __init__(self, files, *, ranges=True, breaks_at=None, before_byte=None, says_length=True):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.ranges, self.says_length = files, ranges, says_length
        # It closes the connection there, or calls a function `before_byte = (byte, function)` there.
        self.breaks_at, self.before_byte = breaks_at, before_byte
        self.asked = []

    def handle_error(self, *_):
        """Says nothing: clients that hang up belong to the tests."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, name = self.server, self.path.strip("/")
        asked = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        server.asked.append((name, int(asked[1]) if asked else 0))
        if name not in server.files:
            return self.send_error(404)
        content = server.files[name]
        start = int(asked[1]) if asked and server.ranges else 0
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if server.says_length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content) if server.breaks_at is None else server.breaks_at
        if server.before_byte:
            byte, function = server.before_byte
            self.wfile.write(content[start:byte])
            function()
            start = max(start, byte)
        self.wfile.write(content[start:end])

    def log_message(self, *_):
        pass


@contextmanager
def serving(files, **behaviour):
    """A server for the length of a block."""
    with FileServer(files, **behaviour) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
