"""A proxy before an MLflow server that ails: slow, answering 500, losing answers, or answering with somebody's page."""

import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Literal

Ailment = Literal["none", "slow", "fails", "loses answers", "shows a page"]
PAGE = b"<html><body>Please sign in to the network.</body></html>"
PASSED_ON = ("content-type", "accept", "content-range")


class Proxy:
    """Listens on a port of its own and hands on to `uri`."""

    def __init__(self, uri: str, ailment: Ailment, delay: float = 2.0, lost: float = 0.1) -> None:
        """Begin to listen; `delay` is in seconds, for each answer, and `lost` the share of those that do not arrive."""
        self.target, self.ailment, self.delay, self.lost = uri, ailment, delay, lost
        self._draw = Random(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.uri = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes, str]:
        if self.ailment == "fails":
            return 500, b'{"error_code": "INTERNAL_ERROR", "message": "out of luck"}', "application/json"
        if self.ailment == "shows a page":
            return 200, PAGE, "text/html"
        if self.ailment == "slow":
            time.sleep(self.delay)
        request = urllib.request.Request(self.target + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read(), answer.headers.get("content-type", "")
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers.get("content-type", "")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def _hand_on(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length) if length else None
                headers = {name: value for name, value in self.headers.items() if name.lower() in PASSED_ON}
                with suppress(OSError):  # a client that has gone, or a server
                    status, content, kind = proxy._answer(self.command, self.path, body, headers)
                    if proxy.ailment == "loses answers" and proxy._draw.random() < proxy.lost:
                        return
                    self.send_response(status)
                    self.send_header("content-type", kind)
                    self.send_header("content-length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _hand_on  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
