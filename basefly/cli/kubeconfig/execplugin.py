"""Credentials from a program of the user's: the exec protocol (client.authentication.k8s.io/v1 and v1beta1)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from basefly.cli.exits import Failure
from basefly.cli.kubeconfig.granted import Granted, moment, token_expiry
from basefly.cli.kubeconfig.schema import Cluster, ExecPlugin

GROUP = "client.authentication.k8s.io"
VERSIONS = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
PLUGIN_EXTENSION = f"{GROUP}/exec"  # the cluster's extension that is handed to the plugin
LARGEST_ANSWER = 1024 * 1024  # bytes
PATIENCE = 60.0  # seconds
PATIENCE_WITH_PEOPLE = 300.0  # seconds, where someone may have to sign in


def run(plugin: ExecPlugin, cluster: Cluster, certificate_authority: str, *, patience: float | None = None) -> Granted:
    """Run the plugin and read its answer. Its own messages go to the terminal, and so may its questions.

    `certificate_authority` is the cluster's, base64 of PEM. A Failure never repeats what the plugin printed.
    """
    _check(plugin)
    interactive = _interactive(plugin)
    info = exec_info(plugin, cluster, certificate_authority, interactive=interactive)
    environment = {**os.environ, **{variable.name: variable.value for variable in plugin.env}}
    environment["KUBERNETES_EXEC_INFO"] = info
    if shutil.which(plugin.command, path=environment.get("PATH")) is None:
        hint = plugin.install_hint.strip() or "Install it, or put its folder into PATH."
        raise Failure(f"The program {plugin.command!r}, which gives the credentials, is not there.", cure=hint)
    output = _output(plugin, environment, interactive=interactive, patience=patience)
    return _granted(plugin, output)


def exec_info(plugin: ExecPlugin, cluster: Cluster, certificate_authority: str, *, interactive: bool) -> str:
    """The text of KUBERNETES_EXEC_INFO."""
    spec: dict[str, Any] = {"interactive": interactive}
    if plugin.provide_cluster_info:
        about: dict[str, Any] = {
            "server": cluster.server,
            "tls-server-name": cluster.tls_server_name,
            "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
            "certificate-authority-data": certificate_authority,
            "proxy-url": cluster.proxy_url,
            "disable-compression": cluster.disable_compression,
            "config": next((e.extension for e in cluster.extensions if e.name == PLUGIN_EXTENSION), None),
        }
        spec["cluster"] = {key: value for key, value in about.items() if value}
    return json.dumps({"kind": "ExecCredential", "apiVersion": plugin.api_version, "spec": spec})


def _check(plugin: ExecPlugin) -> None:
    if not plugin.command:
        raise Failure("The exec plugin names no command.", cure="Mend users[].user.exec.command in the kubeconfig.")
    if plugin.api_version not in VERSIONS:
        raise Failure(
            f"The exec plugin {plugin.command!r} speaks {plugin.api_version or 'no version'}.",
            cure=f"Set apiVersion to {VERSIONS[0]} in the kubeconfig, or update the plugin.",
        )
    if plugin.api_version == VERSIONS[0] and not plugin.interactive_mode:
        raise Failure(
            f"The exec plugin {plugin.command!r} does not say its interactiveMode, which {VERSIONS[0]} demands.",
            cure="Add interactiveMode: IfAvailable to users[].user.exec in the kubeconfig.",
        )
    if any(not variable.name for variable in plugin.env):
        raise Failure(f"The exec plugin {plugin.command!r} has an environment variable without a name.")


def _interactive(plugin: ExecPlugin) -> bool:
    terminal = sys.stdin is not None and sys.stdin.isatty()
    if plugin.interactive_mode == "Always" and not terminal:
        raise Failure(
            f"The exec plugin {plugin.command!r} wants to ask someone, and there is no terminal here.",
            cure="Run this command in a terminal.",
        )
    return terminal and plugin.interactive_mode != "Never"


def _output(plugin: ExecPlugin, environment: Mapping[str, str], *, interactive: bool, patience: float | None) -> bytes:
    patience = patience or (PATIENCE_WITH_PEOPLE if interactive else PATIENCE)
    try:
        ended = subprocess.run(
            [plugin.command, *plugin.args],
            env=environment,
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failure(
            f"The exec plugin {plugin.command!r} gave no answer within {patience:.0f} s.",
            cure="Run it by hand to see what it waits for, or give it longer with --exec-timeout.",
        ) from None
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "its arguments or environment cannot be passed on"
        raise Failure(f"The exec plugin {plugin.command!r} could not be started: {why}.") from None
    if ended.returncode:
        raise Failure(
            f"The exec plugin {plugin.command!r} failed with exit code {ended.returncode}.",
            cure="Its own message is above. Often a new sign-in helps, such as `aws sso login` or `gcloud auth login`.",
        )
    return ended.stdout


def _granted(plugin: ExecPlugin, output: bytes) -> Granted:
    if len(output) > LARGEST_ANSWER:
        raise _wrong(plugin, f"its answer is larger than {LARGEST_ANSWER // 1024} KiB")
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        raise _wrong(plugin, "its answer is not JSON") from None
    if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
        raise _wrong(plugin, "its answer is no ExecCredential")
    if answer.get("apiVersion") != plugin.api_version:
        raise _wrong(plugin, f"it answered in another version than {plugin.api_version}")
    status = answer.get("status")
    if not isinstance(status, dict):
        raise _wrong(plugin, "its answer has no status")
    token, certificate, key = (_text(status, name) for name in ("token", "clientCertificateData", "clientKeyData"))
    if bool(certificate) != bool(key):
        raise _wrong(plugin, "it gave a client certificate without its key, or a key alone")
    if not token and not certificate:
        raise _wrong(plugin, "it gave neither a token nor a client certificate")
    return Granted(token, certificate, key, moment(status.get("expirationTimestamp")) or token_expiry(token))


def _text(status: dict[str, Any], name: str) -> str:
    value = status.get(name)
    return value if isinstance(value, str) else ""


def _wrong(plugin: ExecPlugin, why: str) -> Failure:
    return Failure(
        f"The exec plugin {plugin.command!r} cannot be used: {why}.",
        cure="Update the plugin, or check users[].user.exec in the kubeconfig.",
    )
