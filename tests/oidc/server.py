"""A real OpenID Connect provider (npm `oidc-provider`) on loopback, and someone who signs in to it with plain HTTP."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

import hatch_build
from e2e.plane.program import free_port

HERE = Path(__file__).parent
HOME = HERE.parent.parent / "build/oidc"
USERS = {
    "ann": {"email": "ann@acme.example", "email_verified": True, "name": "Ann Archer", "groups": ["platform", "sre"]},
    "ben": {"email": "ben@elsewhere.example", "email_verified": True, "name": "Ben", "groups": []},
    "uma": {"email": "uma@acme.example", "email_verified": False, "name": "Uma", "groups": ["platform"]},
}


@dataclass(frozen=True)
class Client:
    """Basefly as the provider knows it."""

    client_id: str
    client_secret: str


@dataclass(frozen=True)
class Provider:
    """The provider that runs."""

    issuer: str

    def register(self, redirect: str, logout: str = "") -> Client:
        """Register a client (RFC 7591)."""
        wish: dict[str, Any] = {"redirect_uris": [redirect], "grant_types": ["authorization_code"]}
        if logout:
            wish |= {"backchannel_logout_uri": logout, "backchannel_logout_session_required": True}
        answer = httpx.post(f"{self.issuer}/reg", json=wish)
        assert answer.status_code == 201, answer.text
        return Client(answer.json()["client_id"], answer.json()["client_secret"])


class Visitor:
    """A browser at the provider: follows its redirects and fills in its forms, and stops at an address elsewhere."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.http = httpx.AsyncClient(timeout=30)

    async def sign_in(self, address: str, name: str) -> str:
        """From the address that we were sent to, to the one that the provider sends us back to."""
        answer = await self.http.get(address)
        for _ in range(20):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if not target.startswith(self.issuer):
                    return target
                answer = await self.http.get(target)
                continue
            assert answer.status_code == 200, answer.text
            words = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', answer.text))
            action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            assert action, answer.text
            if words.get("prompt") == "login":
                words |= {"login": name, "password": "any"}
            answer = await self.http.post(urljoin(str(answer.url), unescape(action[1])), data=words)
        raise AssertionError("the provider leads in circles")

    async def sign_out(self) -> None:
        """Sign out at the provider, of everything."""
        page = await self.http.get(f"{self.issuer}/session/end")
        xsrf = re.search(r'name="xsrf" value="([^"]+)"', page.text)
        assert xsrf, page.text
        data = {"xsrf": xsrf[1], "logout": "yes"}
        answer = await self.http.post(f"{self.issuer}/session/end/confirm", data=data)
        assert answer.status_code in (200, 302, 303), answer.text


def install() -> Path:
    """The provider's packages, as the lock says, in build/; whoever comes first installs them."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ("package.json", "package-lock.json", ".npmrc", "provider.mjs"):
            shutil.copy(HERE / name, HOME / name)
        hatch_build.install(HOME)
    return HOME


@contextmanager
def running(folder: Path) -> Iterator[Provider]:
    """The provider, until the block ends."""
    home, port = install(), free_port()
    users, log = folder / "users.json", folder / "provider.log"
    users.write_text(json.dumps(USERS))
    with log.open("w") as out:
        words = [str(hatch_build.executable()), "provider.mjs", str(port), str(users)]
        process = subprocess.Popen(words, cwd=home, stdout=out, stderr=out)
    try:
        until = time.monotonic() + 60
        while "listening" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield Provider(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)
