"""An OIDC issuer on loopback, over TLS, that renews one refresh token into another."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import trustme


class Issuer:
    """What the issuer answers with, and what it was asked."""

    def __init__(self, authority: trustme.CA) -> None:
        self.ca = authority.cert_pem.bytes().decode()
        self.url = ""
        self.status = 200
        self.answer: dict[str, Any] = {}
        self.configuration: dict[str, Any] = {}
        self.takes_basic = True
        self.asked: list[dict[str, str]] = []

    def refresh(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        if authorization and not self.takes_basic:
            return 401, {"error": "invalid_client"}
        if authorization:
            form = form | {"basic": base64.b64decode(authorization.removeprefix("Basic ")).decode()}
        self.asked.append(form)
        return self.status, self.answer


@contextmanager
def running() -> Iterator[Issuer]:
    """An issuer that listens while the block runs."""
    authority = trustme.CA()
    issuer = Issuer(authority)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(200 if self.path == "/.well-known/openid-configuration" else 404, issuer.configuration)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {key: values[0] for key, values in parse_qs(body).items()}
            self._say(*issuer.refresh(form, self.headers.get("Authorization", "")))

        def _say(self, status: int, answer: Any) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    issuer.url = f"https://127.0.0.1:{server.server_port}"
    issuer.configuration = {"issuer": issuer.url, "token_endpoint": f"{issuer.url}/token"}
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
