"""The clusters for programs."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid, NotFound
from basefly.base.kube import kubeconfig
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import RECENT_SESSION, Body, QueryParameter, Response, delete, get, patch, post, put
from basefly.base.web.boundary.sharing import shared
from basefly.core.clusters import actions, manifest
from basefly.core.clusters.actions import READ, WRITE, ClusterPage, Counts, Given, Settings
from basefly.core.clusters.checks import Report
from basefly.core.clusters.model import Cluster
from basefly.core.clusters.store import Wanted

Texts = Annotated[list[str] | None, QueryParameter(description="Repeatable.")]
SortBy = Annotated[
    str, QueryParameter(description="name, health, region, provider, version or created_at; with a minus descending.")
]
Labels = Annotated[
    list[str] | None, QueryParameter(name="label", description="`key` or `key=value`; repeat for all of them.")
]


class CredentialsBody(Body):
    """A kubeconfig and one of its contexts, or an address with its authority (PEM) and a token."""

    kubeconfig: str = ""
    context: str = ""
    server: str = ""
    ca: str = ""
    token: str = ""

    def given(self) -> Given:
        return Given(kubeconfig=self.kubeconfig, context=self.context, server=self.server, ca=self.ca, token=self.token)


class RegisterBody(CredentialsBody):
    """A cluster to register. Without a name it takes the context's; `once` refuses one that is there already."""

    name: str | None = None
    labels: dict[str, str] | None = None
    region: str | None = None
    provider: str | None = None
    once: bool = False

    def settings(self) -> Settings:
        name = self.name if self.name is not None or self.kubeconfig else ""
        return Settings(name=name, labels=self.labels, region=self.region, provider=self.provider, once=self.once)


class ChangeBody(Body):
    """What is to change; what is left out stays. An empty region or provider is read from the nodes again."""

    name: str | None = None
    labels: dict[str, str] | None = None
    region: str | None = None
    provider: str | None = None


class KubeconfigBody(Body):
    """A kubeconfig, as text."""

    kubeconfig: str


class ContextAnswer(msgspec.Struct, frozen=True):
    """A context of a kubeconfig; if the hub cannot use it, why and the cure."""

    name: str
    server: str
    usable: bool
    current: bool
    why: str = ""
    cure: str = ""


class ContextList(msgspec.Struct, frozen=True):
    """The contexts of a kubeconfig, in its order."""

    contexts: list[ContextAnswer]


@get("/clusters", permission=READ, replica=True, tags=["clusters"], summary="List clusters")
async def list_clusters(
    tx: Tx,
    by: Principal,
    house: House,
    q: Annotated[str, QueryParameter(description="A part of the name or the address.")] = "",
    label: Labels = None,
    health: Texts = None,
    region: Texts = None,
    provider: Texts = None,
    version: Annotated[list[str] | None, QueryParameter(description="Minor releases such as 1.33; repeatable.")] = None,
    sort: SortBy = "name",
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
    cursor: str = "",
    removed: Annotated[
        bool, QueryParameter(description="Those that were removed, instead of those that are there.")
    ] = False,
) -> ClusterPage:
    """Clusters in your sight that match, in pages."""
    wanted = Wanted(
        text=q.strip(),
        labels=[_label(text) for text in label or ()],
        health=health or (),
        region=region or (),
        provider=provider or (),
        version=version or (),
        removed=removed,
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-"),
        limit=limit,
    )

    async def read(tx: Tx) -> ClusterPage:
        return await actions.page(tx, by, wanted, cursor=cursor, counts=house.get(Counts))

    asked = ("clusters", msgspec.json.encode(wanted), cursor)
    return await shared(tx, by, asked, read, "clusters/*", "inventory/*/*")  # the one, and what runs in it


@post("/kubeconfigs", permission=WRITE, tags=["clusters"], summary="Read a kubeconfig", status_code=200)
async def read_kubeconfig(data: KubeconfigBody) -> ContextList:
    """Which of its contexts the hub can use, and what is in the way of the others. Nothing is kept."""
    found = await asyncio.to_thread(kubeconfig.read, data.kubeconfig)
    return ContextList(
        [ContextAnswer(c.name, c.server, c.credentials is not None, c.current, c.why, c.cure) for c in found]
    )


@post("/cluster-checks", permission=WRITE, tags=["clusters"], summary="Try to connect to a cluster", status_code=200)
async def check_cluster(house: House, data: CredentialsBody) -> Report:
    """Every step of connecting, with its result and its cure. Nothing is kept."""
    return await actions.check(data.given(), private=house.settings.private_clusters)


@post("/clusters", permission=WRITE, tags=["clusters"], summary="Register a cluster")
async def register_cluster(by: Principal, house: House, data: RegisterBody) -> Cluster:
    """Check a cluster and keep it. If a check fails, nothing is kept and the problem lists every check."""
    private = house.settings.private_clusters
    return await actions.register(house.db, by, house.vault, data.given(), data.settings(), private=private)


@get("/clusters/{cluster:str}", permission=READ, tags=["clusters"], summary="Show a cluster")
async def show_cluster(tx: Tx, by: Principal, house: House, cluster: str) -> Cluster:
    """A cluster by its id or its name; by its id also one that was removed."""
    found = await actions.find(tx, by, cluster, removed=True)
    counts = await house.get(Counts).of(tx, by, [found.id])
    return msgspec.structs.replace(found, counts=counts.get(found.id, {}))


@patch("/clusters/{cluster:str}", permission=WRITE, tags=["clusters"], summary="Rename, label or relocate a cluster")
async def change_cluster(house: House, tx: Tx, by: Principal, cluster: str, data: ChangeBody) -> Cluster:
    """Change what is given and leave the rest."""
    return await actions.change(house, tx, by, cluster, Settings(**msgspec.structs.asdict(data)))


@put("/clusters/{cluster:str}/credentials", permission=WRITE, tags=["clusters"], summary="Rotate credentials")
async def rotate_credentials(by: Principal, house: House, cluster: str, data: CredentialsBody) -> Cluster:
    """Check new credentials and keep them in place of the old ones, which stay if a check fails."""
    private = house.settings.private_clusters
    return await actions.rotate(house.db, by, house.vault, cluster, data.given(), private=private)


@delete("/clusters/{cluster:str}", permission=WRITE, tags=["clusters"], opt=RECENT_SESSION, summary="Remove a cluster")
async def remove_cluster(by: Principal, house: House, cluster: str) -> None:
    """Remove a cluster from the hub; the cluster itself stays as it is. It can be restored.

    In a session it needs a proof of oneself that is younger than 15 minutes.
    """
    await actions.remove(house.db, by, cluster)


@post("/clusters/{cluster:str}/restorations", permission=WRITE, tags=["clusters"], summary="Restore a cluster")
async def restore_cluster(by: Principal, house: House, cluster: str) -> Cluster:
    """Bring back a cluster that was removed, with its credentials."""
    return await actions.restore(house.db, by, cluster)


@get("/manifests/{profile:str}", permission=READ, tags=["clusters"], summary="A manifest of an account for the hub")
async def show_manifest(profile: str) -> Response[str]:
    """YAML of a service account with the least rights for a profile: view, operate or admin."""
    if profile not in manifest.SAYS:
        raise NotFound(f"There is no profile {profile!r}.", cure="Take view, operate or admin.")
    return Response(manifest.render(profile), media_type="application/yaml")


def _label(text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition("=")
    if not key:
        detail = f"{text!r} is no label."
        raise Invalid(detail, errors=(FieldError("/label", detail),), cure="Write key or key=value.")
    return key.strip(), value.strip() if equals else None


HANDLERS = (
    list_clusters,
    read_kubeconfig,
    check_cluster,
    register_cluster,
    show_cluster,
    change_cluster,
    rotate_credentials,
    remove_cluster,
    restore_cluster,
    show_manifest,
)
