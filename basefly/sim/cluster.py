"""One simulated cluster: its objects, its certificates, its users, and the port it answers on."""

from __future__ import annotations

import asyncio
import base64
import hmac
import random
import secrets
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from importlib import resources
from typing import Any

import msgspec
import yaml

from basefly.sim.access import certificates
from basefly.sim.access.accounts import AUDIENCE, Accounts
from basefly.sim.access.rbac import SUPERUSERS, Access
from basefly.sim.access.users import User
from basefly.sim.api import Api
from basefly.sim.clock import Clock
from basefly.sim.discovery.openapi import VERSION
from basefly.sim.faults import Faults
from basefly.sim.kinds.catalog import Catalog
from basefly.sim.life.life import Life
from basefly.sim.objects import Objects
from basefly.sim.requests import Request
from basefly.sim.rest import handler
from basefly.sim.seeds.names import Cloud
from basefly.sim.store.store import Snapshot, Store
from basefly.sim.wire.door import Door

_GRACE = 0.05
"""Seconds left to open requests when a cluster stops; aiohttp takes 0 for ever."""
REQUESTS = 10_000
"""How many requests a cluster remembers."""


class Cluster:
    """A cluster to speak to over TLS (`server`, `kubeconfig()`) and to reach into directly (`api`, `faults`)."""

    def __init__(
        self,
        name: str,
        *,
        seed: int = 0,
        version: str = VERSION,
        anonymous: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.name, self.git_version, self.anonymous = name, version, anonymous
        self.clock = clock or Clock()
        self.bookmark_seconds = 60.0
        self.address = ""
        self.store, self.catalog, self.faults = Store(), Catalog(), Faults()
        self.requests: deque[Request] = deque(maxlen=REQUESTS)
        self.authority = certificates.Authority(name)
        self.certificate = self.authority.server()
        self.log_lines = 10_000
        """How many lines of a container's log a node keeps."""
        self.admin_token = secrets.token_hex(16)
        self.tokens = {self.admin_token: User("admin", (SUPERUSERS,))}
        chance = random.Random(f"{name}/{seed}")  # noqa: S311  # names and uids that a seed repeats, no secrets
        self.accounts = Accounts(self.store, self.authority.pem)
        self.objects = Objects(self.store, self.catalog, chance, self.accounts)
        self.access = Access(self.store)
        self._api = Api(self.objects)
        self._planned: Callable[[], None] | None = None
        self._scenario = ""
        self.life = Life(self)
        self._tls = ssl.TLSVersion.TLSv1_3
        self._context: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._door: Door | None = None
        self._http2 = True
        self._bootstrap()

    @property
    def listens(self) -> bool:
        return self._server is not None

    @property
    def server(self) -> str:
        """The address for kubeconfigs, such as https://127.0.0.1:34567."""
        return f"https://{self.address}"

    @property
    def api(self) -> Api:
        """A test's own hand on the objects."""
        self.settle()
        return self._api

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one, and the same one again after `stop`."""
        if not port and self.address:
            port = int(self.address.rpartition(":")[2])
        self._door = Door(partial(handler.handle, self))
        self._context = certificates.server_context(self.authority, self.certificate)
        certificates.limit(self._context, self._tls)
        certificates.offer(self._context, http2=self._http2)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._door, host, port, ssl=self._context, backlog=1024)
        self.address = f"{host}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening, cut every connection and end its life; objects and history stay."""
        await self.life.stop()
        await self._hang_up()

    async def _hang_up(self) -> None:
        if self._server is None or self._door is None:
            return
        self._server.close()
        self.faults.drop_watches()
        await self._door.shutdown(_GRACE)
        self._server = self._door = None

    async def restart(self) -> None:
        """What a restart of the API server looks like: connections drop, the same address answers again."""
        await self._hang_up()
        await self.start()

    def cut(self) -> int:
        """Cut every connection, also those that are kept for the next request; returns how many there were."""
        cut = self._door.transports if self._door else []
        for transport in cut:
            transport.abort()
        return len(cut)

    def compact(self) -> None:
        """Forget the history, as etcd's compaction does: older versions and continue tokens answer 410."""
        self.store.compact()

    def snapshot(self) -> Snapshot:
        """A backup to restore; it costs a reference for each object."""
        return self.store.snapshot()

    def restore(self, point: Snapshot | int) -> None:
        """Go back to a backup, or to a version not yet compacted: objects and resourceVersion; connections are cut."""
        self.store.restore(self.store.snapshot(point) if isinstance(point, int) else point)
        self.objects.redefine()
        self.access = Access(self.store)
        self.cut()

    def present(self, certificate: certificates.Pair | str = "valid") -> None:
        """Show another certificate from the next handshake on: one of yours, or of `certificates.SERVED` by name."""
        made = certificates.SERVED[certificate](self.authority) if isinstance(certificate, str) else certificate
        self.certificate = made
        if self._context:
            certificates.present(self._context, self.authority, made)

    def rotate_authority(self) -> None:
        """A new authority signs what is shown from the next handshake on; kubeconfigs of before no longer trust it."""
        self.authority = certificates.Authority(self.name)
        self.accounts.authority = self.authority.pem.decode()
        self.present()

    def tls(self, maximum: ssl.TLSVersion) -> None:
        """Speak this version of TLS at most, from the next handshake on; 1.0 and 1.1 as servers of old do."""
        self._tls = maximum
        if self._context:
            certificates.limit(self._context, maximum)

    def http2(self, offered: bool) -> None:
        """Offer HTTP/2 beside HTTP/1.1, or not, from the next handshake on; without it a proxy might stand in front."""
        self._http2 = offered
        if self._context:
            certificates.offer(self._context, http2=offered)

    def revoke(self, token: str) -> None:
        """No longer know a token; watches that it opened go on, as on a real server."""
        self.tokens.pop(token, None)

    def rotate_token(self) -> str:
        """The administrator's new token; the old one is known no longer."""
        token = secrets.token_hex(16)
        self.tokens[token] = self.tokens.pop(self.admin_token)
        self.admin_token = token
        return token

    def seed(self, *, nodes: int = 3, pods: int = 50, seed: int = 0, cloud: Cloud | None = None) -> None:
        """Fill the cluster with a believable fleet of objects, the same for the same seed."""
        from basefly.sim.seeds.seed import plant

        plant(self, nodes=nodes, pods=pods, seed=seed, cloud=cloud)
        self.store.compact()

    def plan(self, *, nodes: int, pods: int, seed: int = 0, cloud: Cloud | None = None, scenario: str = "") -> None:
        """As `seed`, but only once somebody asks: a cluster that nobody visits costs next to nothing.

        With a scenario, its life begins then too.
        """
        self._planned = partial(self.seed, nodes=nodes, pods=pods, seed=seed, cloud=cloud)
        self._scenario = scenario

    def settle(self) -> None:
        """Carry out what is planned."""
        planned, self._planned = self._planned, None
        if planned:
            planned()
            if self._scenario:
                self.life.start()
                self.life.play(self._scenario)

    def issue_token(self, name: str, groups: tuple[str, ...] = ()) -> str:
        """A bearer token for a user; what it may is up to the cluster's roles."""
        token = secrets.token_hex(16)
        self.tokens[token] = User(name, groups)
        return token

    def user_of(self, token: str, audiences: Sequence[str] = (AUDIENCE,)) -> User | None:
        """Whose token it is, if it is meant for one of the audiences; tokens of users are meant for the API alone."""
        for known, user in self.tokens.items():
            if hmac.compare_digest(known.encode(), token.encode()):
                return user if AUDIENCE in audiences else None
        return self.accounts.user_of(token, audiences)

    def kubeconfig(self, *, token: str | None = None, certificate: certificates.Pair | None = None) -> str:
        """A kubeconfig with one context, named as the cluster; without credentials given, the administrator's."""
        user: dict[str, str] = {"token": token or self.admin_token}
        if certificate:
            user = {
                "client-certificate-data": base64.b64encode(certificate.certificate).decode(),
                "client-key-data": base64.b64encode(certificate.key).decode(),
            }
        return yaml.safe_dump(kubeconfig_of([(self, user)]), sort_keys=False)

    def _bootstrap(self) -> None:
        """What every API server makes for itself: namespaces, roles, bindings, and its own service."""
        for namespace in ("default", "kube-node-lease", "kube-public", "kube-system"):
            self._api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        text = resources.files("basefly.sim.seeds").joinpath("bootstrap.json").read_bytes()
        for obj in msgspec.json.decode(text):
            self._api.create(obj)


def kubeconfig_of(clusters: list[tuple[Cluster, dict[str, str]]]) -> dict[str, Any]:
    """A kubeconfig with a context for each cluster, in the form that kubectl writes."""
    authorities = [
        {"server": cluster.server, "certificate-authority-data": base64.b64encode(cluster.authority.pem).decode()}
        for cluster, _ in clusters
    ]
    names = [cluster.name for cluster, _ in clusters]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": names[0],
        "clusters": [{"name": n, "cluster": held} for n, held in zip(names, authorities, strict=True)],
        "users": [{"name": n, "user": user} for n, (_, user) in zip(names, clusters, strict=True)],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
    }
