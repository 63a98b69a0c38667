"""The inside of a container, as programs see it: who they are, their environment, and a few files."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from basefly.sim.rest.parts.containers import Chosen
from basefly.sim.rest.parts.inside.pipe import Pipe, Write
from basefly.sim.wire.call import Call

if TYPE_CHECKING:
    from basefly.sim.rest.parts.streams.channels import Channels

Object = dict[str, Any]
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_FOLDERS = ("bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var")


@dataclass
class Io:
    """What a program reads and writes."""

    read: Pipe
    out: Write
    err: Write


@dataclass
class Box:
    """One container, entered by one exec, perhaps at a terminal."""

    call: Call
    hostname: str
    user: int
    environment: dict[str, str]
    files: dict[str, bytes]
    folder: str = "/"
    terminal: Channels | None = None
    foreground: asyncio.Task[int] | None = None
    """What Ctrl-C ends."""

    def path(self, name: str) -> str:
        """The whole path of a name."""
        parts: list[str] = []
        for part in (name if name.startswith("/") else f"{self.folder}/{name}").split("/"):
            if part == "..":
                parts[-1:] = []
            elif part not in ("", "."):
                parts.append(part)
        return "/" + "/".join(parts)

    def listing(self, path: str) -> list[str] | None:
        """The names in a folder, or None where there is none."""
        inside = path.rstrip("/") + "/"
        found = {name.removeprefix(inside).split("/")[0] for name in self.files if name.startswith(inside)}
        found |= set(_FOLDERS) if path == "/" else set()
        return sorted(found) if found or path.strip("/") in _FOLDERS else None


def enter(call: Call, found: Chosen) -> Box:
    """The box of a container that runs."""
    hostname = found.pod["spec"].get("hostname") or found.pod["metadata"]["name"]
    security = (found.pod["spec"].get("securityContext") or {}) | (found.spec.get("securityContext") or {})
    user = security.get("runAsUser", 1000 if security.get("runAsNonRoot") else 0)
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": hostname}
    environment |= {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443", "HOME": "/root"}
    for held in found.spec.get("env") or ():
        environment[held["name"]] = held.get("value") or _looked_up(call, held.get("valueFrom") or {})
    return Box(call, hostname, user, environment, _files(call, found, hostname))


def _looked_up(call: Call, source: Object) -> str:
    """The value of a key in a secret or a config map."""
    for member, resource in (("secretKeyRef", "secrets"), ("configMapKeyRef", "configmaps")):
        ref = source.get(member) or {}
        held = call.cluster.store.get(resource, call.namespace, ref.get("name", ""))
        if ref and held:
            value: str = (held.load().get("data") or {}).get(ref["key"], "")
            return base64.b64decode(value).decode(errors="replace") if resource == "secrets" else value
    return ""


def _files(call: Call, found: Chosen, hostname: str) -> dict[str, bytes]:
    address = found.pod.get("status", {}).get("podIP", "127.0.0.1")
    domain = f"{call.namespace}.svc.cluster.local svc.cluster.local cluster.local"
    texts = {
        "/etc/hostname": f"{hostname}\n",
        "/etc/hosts": f"127.0.0.1\tlocalhost\n{address}\t{hostname}\n",
        "/etc/os-release": 'ID=sim\nPRETTY_NAME="Simulated Linux"\n',
        "/etc/resolv.conf": f"search {domain}\nnameserver 10.96.0.10\noptions ndots:5\n",
        "/dev/null": "",
        "/dev/zero": "",
    }
    account = found.pod["spec"].get("serviceAccountName", "default")
    if held := call.cluster.store.get("serviceaccounts", call.namespace, account):
        texts |= {f"{ACCOUNT}/namespace": call.namespace, f"{ACCOUNT}/ca.crt": call.cluster.accounts.authority}
        texts[f"{ACCOUNT}/token"] = call.cluster.accounts.issue(held, seconds=3607)
    return {path: text.encode() for path, text in texts.items()}
