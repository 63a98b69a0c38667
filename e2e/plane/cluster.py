"""A Kubernetes cluster as the tests see it: a kubeconfig, and kubectl speaking to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PAGE = 500


class KubectlError(AssertionError):
    """kubectl ended with an error; the text is what it said."""


class Cluster:
    """Any cluster a kubeconfig leads to; `context` names the entry of the kubeconfig."""

    def __init__(self, kubeconfig: Path, context: str) -> None:
        self.kubeconfig = kubeconfig
        self.context = context

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        """Run kubectl as the administrator; raises KubectlError with its words."""
        command = [kubectl_binary(), "--kubeconfig", str(self.kubeconfig), "--context", self.context, *arguments]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.kubeconfig.parent)}
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False, env=environment
        )
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def get(self, resource: str, *arguments: str) -> list[dict[str, Any]]:
        """`kubectl get RESOURCE -A -o json`, the items."""
        everywhere = self.kubectl("get", resource, "-A", "-o", "json", f"--chunk-size={PAGE}", *arguments)
        items: list[dict[str, Any]] = json.loads(everywhere)["items"]
        return items

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """`kubectl apply` these objects in one call."""
        listing = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(listing))

    def set_status(self, resource: str, namespace: str, name: str, status: Mapping[str, Any]) -> None:
        """Write the status as a kubelet or a controller would."""
        self.kubectl(
            "patch", resource, name, "-n", namespace, "--subresource=status", "--type=merge",
            "-p", json.dumps({"status": status}),
        )  # fmt: skip

    @contextmanager
    def namespace(self, name: str) -> Iterator[str]:
        """A namespace for one test, gone afterwards."""
        self.kubectl("create", "namespace", name)
        try:
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def given_clusters() -> list[Cluster]:
    """Every context of BASEFLY_E2E_KUBECONFIG; empty when it is not set."""
    paths = os.environ.get("BASEFLY_E2E_KUBECONFIG", "")
    if not paths:
        return []
    view = subprocess.run(
        [kubectl_binary(), "config", "view", "--flatten", "--raw", "-o", "json"],
        env={**os.environ, "KUBECONFIG": paths},
        check=True,
        capture_output=True,
    )
    folder = Path(tempfile.mkdtemp(prefix="basefly-e2e-"))
    merged = folder / "kubeconfig"
    merged.touch(mode=0o600)
    merged.write_bytes(view.stdout)
    return [Cluster(merged, context["name"]) for context in json.loads(view.stdout)["contexts"]]


def kubectl_binary() -> str:
    """The kubectl beside our Python, else the one on PATH."""
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    assert found, "kubectl is missing: run `make test` once, which installs it into .venv"
    return found
