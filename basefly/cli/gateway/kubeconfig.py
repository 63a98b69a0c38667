"""Kubeconfigs whose contexts lead through the hub, printed or merged into the one that is there."""

from __future__ import annotations

import base64
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from basefly.cli import account, private, terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.fleet.connection import connect, find_cluster

PREFIX = "basefly-"
EXEC_API = "client.authentication.k8s.io/v1"


def show(names: list[str], *, token: bool) -> None:
    """Print a kubeconfig for these clusters, or all that are in sight."""
    terminal.write(yaml.safe_dump(_made(names, token=token), sort_keys=False))


def merge(names: list[str], path: Path | None, *, token: bool) -> None:
    """Put the contexts into a kubeconfig; what else is in it stays."""
    place = path or _default()
    made = _made(names, token=token)
    _write(place, _merged(_read(place), made))
    contexts = [context["name"] for context in made["contexts"]]
    terminal.note(f"Wrote {len(contexts)} contexts to {place}. Try: kubectl --context {contexts[0]} get pods -A")


def manifest() -> None:
    """Print the manifest for clusters."""
    with connect() as hub:
        terminal.write(hub.text("/gateway/manifest"))


def _made(names: list[str], *, token: bool) -> dict[str, Any]:
    here = account.current()
    with connect() as hub:
        gateway = hub.get("/gateway")
        clusters = _clusters(hub, names)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": PREFIX + clusters[0]["name"],
        "clusters": [_cluster(gateway, cluster) for cluster in clusters],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name}}
            for name in (PREFIX + cluster["name"] for cluster in clusters)
        ],
        "users": [
            {
                "name": PREFIX + cluster["name"],
                "user": {"token": here.token} if token else {"exec": _plugin(here.url, cluster["id"])},
            }
            for cluster in clusters
        ],
    }


def _clusters(hub: Hub, names: list[str]) -> list[dict[str, Any]]:
    if names:
        return [find_cluster(hub, name) for name in names]
    found = [cluster for page in hub.pages("/clusters", {"limit": 500}) for cluster in page["items"]]
    if not found:
        raise Failure("There is no cluster that you see.", cure="Register one: basefly clusters register.",
                      exit_code=Exit.NOT_FOUND)  # fmt: skip
    return found


def _cluster(gateway: dict[str, Any], cluster: dict[str, Any]) -> dict[str, Any]:
    place = {"server": f"{gateway['url']}/clusters/{cluster['id']}"}
    if gateway["ca"]:
        place["certificate-authority-data"] = base64.b64encode(gateway["ca"].encode()).decode()
    return {"name": PREFIX + cluster["name"], "cluster": place}


def _plugin(url: str, cluster: str) -> dict[str, Any]:
    """What kubectl runs for a credential (https://kubernetes.io/docs/reference/access-authn-authz/authentication)."""
    return {
        "apiVersion": EXEC_API,
        "command": _ourselves(),
        "args": ["--url", url, "kubeconfig-credential", cluster],
        "interactiveMode": "Never",
        "provideClusterInfo": False,
        "installHint": "basefly is not installed here, or not on the PATH: pip install basefly",
    }


def _ourselves() -> str:
    """`basefly`, where the shell finds us by that name; else where we are, beside the Python that runs us."""
    ours, found = Path(sys.executable).with_name("basefly"), shutil.which("basefly")
    if not ours.exists() or (found and Path(found).resolve() == ours.resolve()):
        return "basefly"
    return str(ours)


def _default() -> Path:
    """The file that kubectl would write to: the first of KUBECONFIG, else ~/.kube/config."""
    first = next((each for each in os.environ.get("KUBECONFIG", "").split(os.pathsep) if each), "")
    return Path(first).expanduser() if first else Path.home() / ".kube" / "config"


def _read(place: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Failure(f"{place} cannot be read: {error}.", cure="Give another file with --file.") from None
    if found is None:
        return {}
    lists = ("clusters", "contexts", "users")
    if not isinstance(found, dict) or not all(isinstance(found.get(each) or [], list) for each in lists):
        raise Failure(f"{place} is no kubeconfig.", cure="Give another file with --file.")
    return found


def _merged(found: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """What was there, with ours in the place of what had the same names. The context in use stays in use."""
    merged = {"apiVersion": "v1", "kind": "Config", **found}
    for part in ("clusters", "contexts", "users"):
        names = {each["name"] for each in made[part]}
        kept = [each for each in found.get(part) or [] if not isinstance(each, dict) or each.get("name") not in names]
        merged[part] = [*kept, *made[part]]
    merged["current-context"] = found.get("current-context") or made["current-context"]
    return merged


def _write(place: Path, content: dict[str, Any]) -> None:
    """A link is followed, as kubectl does."""
    place = place.resolve()
    try:
        private.replace(place, yaml.safe_dump(content, sort_keys=False).encode())
    except OSError as error:
        raise Failure(f"{place} cannot be written: {error.strerror}.") from None
