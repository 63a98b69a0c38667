"""A real Kubernetes control plane of local processes: etcd, API server, and controllers where their binaries are found.

    with ControlPlane.start(folder, name="west") as west:
        west.kubectl("get", "namespaces")

The binaries come from KUBEBUILDER_ASSETS, the folder that `setup-envtest` prints.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from e2e.plane.audit_log import Entry, read
from e2e.plane.authority import Authority, private_pem
from e2e.plane.cluster import Cluster
from e2e.plane.program import Program, free_port

ASSETS = Path(os.environ.get("KUBEBUILDER_ASSETS") or "/usr/local/kubebuilder/bin")
REQUIRED = ("etcd", "kube-apiserver")
# Without kubelets nothing renews a node's lease; its controller would call every node dead.
CONTROLLERS = "*,-node-lifecycle-controller,-taint-eviction-controller,-cloud-node-lifecycle-controller"
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
NEEDS = f"""The tests against real Kubernetes need the binaries {" and ".join(REQUIRED)} (kube-controller-manager and
kube-scheduler too, for full life), and {ASSETS} does not have them.
Either:  export KUBEBUILDER_ASSETS=$(setup-envtest use -p path)     local control planes, nothing else needed
or:      export BASEFLY_E2E_KUBECONFIG=~/.kube/config               clusters of yours, made for tests (kind, k3d)"""


def found() -> bool:
    """Whether a control plane can be started here."""
    return all(os.access(ASSETS / name, os.X_OK) for name in REQUIRED)


@dataclass(frozen=True)
class Ports:
    """Where the parts listen, all on loopback."""

    api: int
    etcd: int
    etcd_peer: int


class ControlPlane(Cluster):
    """One cluster whose every part is ours to stop, restart and upset."""

    def __init__(self, folder: Path, name: str, *, controllers: bool = True) -> None:
        super().__init__(folder / "kubeconfig", name)
        self._wants_controllers = controllers
        self.folder = folder
        self.name = name
        self._ports = Ports(free_port(), free_port(), free_port())
        self._authority = Authority(f"{name}-ca")
        self._prepare()
        self.etcd = Program("etcd", self._etcd_command(), log=folder / "etcd.log")
        self.apiserver = Program("kube-apiserver", self._apiserver_command(), log=folder / "apiserver.log")
        self.controllers = [Program(c[0], c[1:], log=folder / f"{c[0]}.log") for c in self._controller_commands()]

    @classmethod
    @contextmanager
    def start(cls, folder: Path, *, name: str = "real", controllers: bool = True) -> Iterator[ControlPlane]:
        """A running control plane in `folder`; all of it ends with the block. Fails with the cure without binaries.

        Without `controllers` nothing moves but what the test moves.
        """
        assert found(), NEEDS
        folder.mkdir(parents=True, exist_ok=True)
        plane = cls(folder, name, controllers=controllers)
        try:
            plane.etcd.start()
            plane.start_apiserver()
            for program in plane.controllers:
                program.start()
            plane.apiserver.wait_until(plane._has_default_account)
            yield plane
        finally:
            for program in [*plane.controllers, plane.apiserver, plane.etcd]:
                program.kill()

    @property
    def server(self) -> str:
        """The address of the API server."""
        return f"https://127.0.0.1:{self._ports.api}"

    @property
    def ca(self) -> str:
        """The certificate of the authority that signed the API server's, PEM."""
        return self._authority.certificate.decode()

    @property
    def token(self) -> str:
        """A bearer token of an administrator."""
        return f"{self.name}-admin-token"

    def start_apiserver(self) -> None:
        self.apiserver.start()
        self.apiserver.wait_until(self._ready, seconds=120)

    def restart_apiserver(self) -> None:
        """Stop and start it; every watch of it breaks, and its memory of past events is gone."""
        self.apiserver.stop(seconds=2)
        self.start_apiserver()

    def compact_etcd(self) -> int:
        """Forget all history up to now, and return that revision: a watch or a page from before it is 410 Gone."""
        now = int(self._etcd("kv/range", {"key": base64.b64encode(b"/").decode()})["header"]["revision"])
        self._etcd("kv/compaction", {"revision": str(now), "physical": True})
        return now

    def rotate_server_certificate(self, *, authority: bool = False, expired: bool = False) -> None:
        """Serve a new certificate, with `authority` from a new authority; `self.kubeconfig` follows."""
        if authority:
            self._authority = Authority(f"{self.name}-ca-2")
        self._write_server_certificate(expired=expired)
        self._write_kubeconfigs()
        self.restart_apiserver()

    def issue(self, name: str) -> None:
        """A certificate and a key for a kubelet on loopback, as NAME.crt and NAME.key in our folder."""
        self._authority.server().write(self.folder, name)

    def audit_log(self, *, after: int = 0) -> list[Entry]:
        """What was asked of the API server, oldest first, without the first `after` entries."""
        return read(self.folder / "audit.log")[after:]

    def kubeconfig_text(self, *, user: str = "", certificate: bool = True) -> str:
        """A kubeconfig for one user: by certificate (default: the administrator), or by the administrator's token."""
        pair = self._authority.client(user or "admin", *([] if user else ["system:masters"]))
        credentials = (
            {"client-certificate-data": _data(pair.certificate), "client-key-data": _data(pair.key)}
            if certificate
            else {"token": self.token}
        )
        cluster = {"server": self.server, "certificate-authority-data": _data(self._authority.certificate)}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": self.name,
                "clusters": [{"name": self.name, "cluster": cluster}],
                "users": [{"name": f"{self.name}-user", "user": credentials}],
                "contexts": [{"name": self.name, "context": {"cluster": self.name, "user": f"{self.name}-user"}}],
            }
        )

    def _prepare(self) -> None:
        accounts = ec.generate_private_key(ec.SECP256R1())
        public = accounts.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._write("accounts.key", private_pem(accounts))
        self._write("accounts.pub", public)
        self._write("tokens.csv", f'{self.token},token-admin,1,"system:masters"\n'.encode())
        self._write("audit-policy.json", json.dumps(AUDIT_POLICY).encode())
        self._write_server_certificate()
        self._write_kubeconfigs()

    def _write_server_certificate(self, *, expired: bool = False) -> None:
        self._authority.server(expired=expired).write(self.folder, "apiserver")
        self._authority.client("kube-apiserver-kubelet-client").write(self.folder, "to-kubelets")
        self._write("ca.crt", self._authority.certificate)

    def _write_kubeconfigs(self) -> None:
        self._write("kubeconfig", self.kubeconfig_text().encode())
        for part in ("kube-controller-manager", "kube-scheduler"):
            self._write(f"{part}.kubeconfig", self.kubeconfig_text(user=f"system:{part}").encode())

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)

    def _etcd_command(self) -> list[str]:
        client, peer = (f"http://127.0.0.1:{port}" for port in (self._ports.etcd, self._ports.etcd_peer))
        return [
            str(ASSETS / "etcd"),
            f"--name={self.name}",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster={self.name}={peer}",
            "--unsafe-no-fsync=true",
            "--log-level=warn",
        ]

    def _apiserver_command(self) -> list[str]:
        at = self.folder
        return [
            str(ASSETS / "kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{self._ports.etcd}",
            "--etcd-compaction-interval=0",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._ports.api}",
            f"--tls-cert-file={at / 'apiserver.crt'}",
            f"--tls-private-key-file={at / 'apiserver.key'}",
            f"--client-ca-file={at / 'ca.crt'}",
            f"--kubelet-certificate-authority={at / 'ca.crt'}",
            f"--kubelet-client-certificate={at / 'to-kubelets.crt'}",
            f"--kubelet-client-key={at / 'to-kubelets.key'}",
            f"--token-auth-file={at / 'tokens.csv'}",
            f"--service-account-key-file={at / 'accounts.pub'}",
            f"--service-account-signing-key-file={at / 'accounts.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none",
            "--authorization-mode=RBAC",
            "--enable-priority-and-fairness=false",
            f"--audit-policy-file={at / 'audit-policy.json'}",
            f"--audit-log-path={at / 'audit.log'}",
            *([] if self._has("kube-controller-manager") else ["--disable-admission-plugins=ServiceAccount"]),
        ]

    def _controller_commands(self) -> Iterator[Sequence[str]]:
        at = self.folder
        common = ["--leader-elect=false", "--secure-port=0"]
        if self._has(name := "kube-controller-manager"):
            yield [
                name,
                str(ASSETS / name),
                f"--kubeconfig={at / f'{name}.kubeconfig'}",
                f"--root-ca-file={at / 'ca.crt'}",
                f"--service-account-private-key-file={at / 'accounts.key'}",
                "--use-service-account-credentials",
                f"--controllers={CONTROLLERS}",
                *common,
            ]
        if self._has(name := "kube-scheduler"):
            yield [name, str(ASSETS / name), f"--kubeconfig={at / f'{name}.kubeconfig'}", *common]

    def _has(self, name: str) -> bool:
        return self._wants_controllers and os.access(ASSETS / name, os.X_OK)

    def _ready(self) -> bool:
        request = urllib.request.Request(f"{self.server}/readyz", headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=2, context=self._trust()) as answer:
                return bool(answer.status == 200)
        except ssl.SSLCertVerificationError:
            return True  # it serves, and what it serves is wrong on purpose
        except OSError as error:
            return isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError)

    def _has_default_account(self) -> bool:
        """Pods may be created once the controllers have made the namespace's service account."""
        if not self._has("kube-controller-manager"):
            return True
        return "default" in self.kubectl("get", "serviceaccounts", "-n", "default", "-o", "name")

    def _trust(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.ca)
        return context

    def _etcd(self, call: str, body: dict[str, Any]) -> dict[str, Any]:
        """etcd's own JSON gateway (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway)."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._ports.etcd}/v3/{call}", json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answered: dict[str, Any] = json.load(answer)
            return answered


def _data(content: bytes) -> str:
    return base64.b64encode(content).decode()
