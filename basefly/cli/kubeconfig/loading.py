"""Which kubeconfig files count, and how they become one (k8s.io/client-go/tools/clientcmd/loader.go).

The first file that has a cluster, user or context of a name wins, whole; so does the first with a current context.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from basefly.cli.exits import Exit, Failure
from basefly.cli.kubeconfig import reading
from basefly.cli.kubeconfig.schema import Cluster, Context, User


class PlacedCluster(NamedTuple):
    cluster: Cluster
    file: Path


class PlacedUser(NamedTuple):
    user: User
    file: Path


class Kubeconfig(msgspec.Struct, frozen=True):
    """Every file merged. Each cluster and user remembers its file: relative paths start from that file's folder."""

    files: tuple[Path, ...]
    current_context: str
    clusters: Mapping[str, PlacedCluster]
    users: Mapping[str, PlacedUser]
    contexts: Mapping[str, Context]

    def chosen(self, wanted: list[str]) -> list[str]:
        """The contexts meant: those asked for, or all, in the order of the files. Raises Failure for an unknown one."""
        unknown = [name for name in wanted if name not in self.contexts]
        if unknown:
            there = ", ".join(self.contexts) or "none"
            raise Failure(
                f"The kubeconfig has no context {unknown[0]!r}.", cure=f"There are: {there}.", exit_code=Exit.NOT_FOUND
            )
        if not self.contexts:
            looked = ", ".join(str(file) for file in self.files)
            raise Failure(
                f"There is no context in the kubeconfig ({looked}).",
                cure="Name a file with --kubeconfig, or set KUBECONFIG as for kubectl.",
                exit_code=Exit.NOT_FOUND,
            )
        return list(dict.fromkeys(wanted)) or list(self.contexts)


def load(explicit: Path | None, environ: Mapping[str, str] | None = None) -> Kubeconfig:
    """Read and merge. A file named by --kubeconfig must exist; of those in KUBECONFIG some may be missing."""
    paths = candidates(explicit, os.environ if environ is None else environ)
    merged = Kubeconfig(tuple(paths), "", {}, {}, {})
    for path in paths:
        try:
            merged = _add(merged, path)
        except FileNotFoundError:
            if explicit:
                raise Failure(f"There is no file {path}.", exit_code=Exit.NOT_FOUND) from None
    return merged


def candidates(explicit: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """The files to read, first the one that wins."""
    if explicit:
        return [explicit]
    listed = environ.get("KUBECONFIG", "")
    if listed:
        return [Path(part) for part in dict.fromkeys(listed.split(os.pathsep)) if part]
    return [Path(environ.get("HOME") or Path.home(), ".kube/config")]


def _add(merged: Kubeconfig, path: Path) -> Kubeconfig:
    config = reading.read_file(path)
    return Kubeconfig(
        merged.files,
        merged.current_context or config.current_context,
        {**{entry.name: PlacedCluster(entry.cluster, path) for entry in config.clusters}, **merged.clusters},
        {**{entry.name: PlacedUser(entry.user, path) for entry in config.users}, **merged.users},
        {**merged.contexts, **{c.name: c.context for c in config.contexts if c.name not in merged.contexts}},
    )
