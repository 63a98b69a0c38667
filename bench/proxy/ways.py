"""Three ways to one API server, as clients that hold one connection each."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from e2e.plane.cluster import Cluster, kubectl_binary
from e2e.plane.program import free_port


class Way(msgspec.Struct):
    """How to reach the API server: an address, what to trust, and what to show."""

    name: str
    url: str
    headers: dict[str, str]
    tls: ssl.SSLContext | None

    def connect(self) -> http.client.HTTPConnection:
        """A connection of its own."""
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or 443
        if self.tls is None:
            return http.client.HTTPConnection(host, port, timeout=60)
        return http.client.HTTPSConnection(host, port, timeout=60, context=self.tls)

    def get(self, connection: http.client.HTTPConnection, path: str) -> tuple[float, bytes]:
        """Milliseconds until the whole answer is there, and its body."""
        begun = time.perf_counter()
        connection.request("GET", urlsplit(self.url).path + path, headers=self.headers)
        answer = connection.getresponse()
        body = answer.read()
        taken = (time.perf_counter() - begun) * 1000
        if answer.status != 200:
            raise SystemExit(f"{self.name}: {path} answered {answer.status}: {body[:300]!r}")
        return taken, body


def of(name: str, kubeconfig: Path) -> Way:
    """The way that a kubeconfig's current context describes."""
    config = yaml.safe_load(kubeconfig.read_text())
    context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
    cluster: dict[str, Any] = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
    user: dict[str, Any] = next(u["user"] for u in config["users"] if u["name"] == context["user"])
    tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if "client-certificate-data" in user:
        pem = kubeconfig.with_suffix(".pem")
        pem.touch(0o600)
        pem.write_bytes(
            b"".join(base64.b64decode(user[f"client-{part}-data"]) + b"\n" for part in ("certificate", "key"))
        )
        tls.load_cert_chain(pem)
    headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
    return Way(name, cluster["server"], {"Accept": "application/json", **headers}, tls)


@contextmanager
def kubectl_proxy(cluster: Cluster) -> Iterator[Way]:
    """`kubectl proxy`, which shows the administrator's certificate for whoever asks."""
    port = free_port()
    command = [
        kubectl_binary(),
        "--kubeconfig",
        str(cluster.kubeconfig),
        "--context",
        cluster.context,
        "proxy",
        f"--port={port}",
    ]
    command.append("--reject-paths=^$")  # it refuses shells otherwise
    with ExitStack() as stack:
        running = stack.enter_context(
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]})
        )
        stack.callback(running.terminate)
        assert running.stdout is not None
        running.stdout.readline()  # "Starting to serve on …"
        yield Way("kubectl proxy", f"http://127.0.0.1:{port}", {"Accept": "application/json"}, None)


def version(body: bytes) -> str:
    """The resourceVersion of a list."""
    return str(json.loads(body)["metadata"]["resourceVersion"])
