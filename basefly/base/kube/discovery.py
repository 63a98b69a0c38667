"""What an API server serves: aggregated discovery (one request a root), and the classic one where that is missing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

import msgspec

from basefly.base.kube.client import Client
from basefly.base.kube.errors import ApiError, BadRequest, ConnectError, NotFound
from basefly.base.kube.objects import JSON, TypeMeta

ALIKE = 4096  # kinds that are held once for all clusters
_AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    f"{JSON}"
)


class Resource(msgspec.Struct, frozen=True):
    """One kind that an API server serves, in the version that the server prefers."""

    group: str  # "" for the core group
    version: str
    plural: str
    kind: str
    namespaced: bool
    verbs: frozenset[str] = frozenset()
    short_names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The plural with its group: "pods", "deployments.apps"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """As objects write it: "v1", "apps/v1"."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def followed(self) -> bool:
        """Whether it can be listed and watched."""
        return {"list", "watch"} <= self.verbs

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The path of the collection (in one namespace, or in all), or of one object in it."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        inside = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
        return f"{root}{inside}/{self.plural}" + (f"/{quote(name, safe='')}" if name else "")


class Discovery(msgspec.Struct, frozen=True):
    """All kinds that could be learnt, and the groups that could not ("metrics.k8s.io" while its server is down).

    A kind of an unavailable group has not vanished: it is not known whether it is there.
    """

    resources: tuple[Resource, ...]
    unavailable: frozenset[str] = frozenset()


async def discover(client: Client) -> list[Resource]:
    """All kinds that the API server serves. Raises ConnectError or ApiError if it does not answer at all."""
    return list((await survey(client)).resources)


async def survey(client: Client) -> Discovery:
    """All kinds that the API server serves, and which groups did not answer for themselves."""
    found: list[Resource] = []
    unavailable: set[str] = set()
    for root in ("/api", "/apis"):
        body = await client.get_bytes(root, accept=_AGGREGATED)
        kind = client.decode(body, TypeMeta).kind
        if kind == "APIGroupDiscoveryList":
            groups = client.decode(body, _GroupDiscoveryList).items
            found.extend(_preferred(_aggregated(groups)))
            unavailable.update(g.metadata.name for g in groups if any(v.freshness == "Stale" for v in g.versions))
        elif kind == "APIVersions":
            versions = client.decode(body, _Versions).versions
            found.extend(await _classic(client, "", versions, unavailable))
        elif kind == "APIGroupList":
            for group in client.decode(body, _GroupList).groups:
                found.extend(await _classic(client, group.name, group.by_preference(), unavailable))
        else:
            raise ConnectError("not_kubernetes", client.server, why=f"{root} answers with the kind {kind!r}")
    return Discovery(tuple(found), frozenset(unavailable))


def _preferred(offered: Iterable[Resource]) -> list[Resource]:
    """Each kind once, in the first version that is offered with it."""
    first: dict[str, Resource] = {}
    for resource in offered:
        first.setdefault(resource.name, _one(resource))
    return list(first.values())


@lru_cache(maxsize=ALIKE)
def _one(resource: Resource) -> Resource:
    """The first that was equal: a thousand clusters serve the same kinds, and each is held once."""
    return resource


def _aggregated(groups: Iterable[_GroupDiscovery]) -> Iterable[Resource]:
    offered = ((group, version, each) for group in groups for version in group.versions for each in version.resources)
    for group, version, each in offered:
        if each.response_kind is not None:  # without one it is a path that carries only subresources
            yield Resource(
                group=group.metadata.name,
                version=version.version,
                plural=each.resource,
                kind=each.response_kind.kind,
                namespaced=each.scope == "Namespaced",
                verbs=frozenset(each.verbs),
                short_names=tuple(each.short_names),
            )


async def _classic(client: Client, group: str, versions: Iterable[str], unavailable: set[str]) -> list[Resource]:
    offered: list[Resource] = []
    for version in versions:
        path = f"/apis/{quote(group)}/{quote(version)}" if group else f"/api/{quote(version)}"
        try:
            served = await client.get_json(path, into=_ResourceList)
        except (NotFound, BadRequest):
            continue  # withdrawn since the group was listed
        except (ApiError, ConnectError):
            if not group:
                raise
            unavailable.add(group)  # an aggregated API server is down: that must not hide the others
            continue
        offered.extend(
            Resource(
                group=group,
                version=version,
                plural=each.name,
                kind=each.kind,
                namespaced=each.namespaced,
                verbs=frozenset(each.verbs),
                short_names=tuple(each.short_names),
            )
            for each in served.resources
            if "/" not in each.name
        )
    return _preferred(offered)


# apidiscovery.k8s.io/v2


class _Name(msgspec.Struct, frozen=True):
    name: str = ""


class _DiscoveredResource(msgspec.Struct, rename="camel"):
    resource: str
    scope: str
    response_kind: TypeMeta | None = None
    verbs: list[str] = []
    short_names: list[str] = []


class _DiscoveredVersion(msgspec.Struct):
    version: str
    resources: list[_DiscoveredResource] = []
    freshness: str = "Current"


class _GroupDiscovery(msgspec.Struct):
    metadata: _Name = _Name()
    versions: list[_DiscoveredVersion] = []


class _GroupDiscoveryList(msgspec.Struct):
    items: list[_GroupDiscovery] = []


# meta/v1


class _Versions(msgspec.Struct):
    versions: list[str] = []


class _GroupVersion(msgspec.Struct, rename="camel"):
    version: str


class _Group(msgspec.Struct, rename="camel"):
    name: str
    versions: list[_GroupVersion] = []
    preferred_version: _GroupVersion | None = None

    def by_preference(self) -> list[str]:
        versions = [v.version for v in self.versions]
        preferred = self.preferred_version
        return versions if preferred is None else sorted(versions, key=lambda v: v != preferred.version)


class _GroupList(msgspec.Struct):
    groups: list[_Group] = []


class _Served(msgspec.Struct, rename="camel"):
    name: str
    kind: str
    namespaced: bool
    verbs: list[str] = []
    short_names: list[str] = []


class _ResourceList(msgspec.Struct):
    resources: list[_Served] = []
