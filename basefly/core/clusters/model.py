"""What a cluster is to the hub, and the rules of its name, its labels, its place and its health."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from basefly.base.errors import FieldError, Invalid

Health = Literal["healthy", "degraded", "unreachable", "unknown"]
HEALTHS: tuple[Health, ...] = ("healthy", "degraded", "unreachable", "unknown")

_LABEL_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = re.compile(rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_LABEL_PART}")
_LABEL_VALUE = re.compile(rf"(?:{_LABEL_PART})?")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:@-]{0,252})")
_BETWEEN = re.compile(r"[^A-Za-z0-9._:@-]+")
LABELS = 64
PLACE = 100  # characters of a region or a provider


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """A registered cluster. `as_of` is when it last answered, `probed_at` when it was last asked.

    `latency_ms` is how long it took to answer the last probe; None where that brought no answer.

    `restored_at` is when it was found put back to an older state, as by a restored backup of its etcd; None
    after a week.
    """

    id: UUID
    name: str
    labels: dict[str, str]
    region: str
    provider: str
    version: str
    health: Health
    health_reason: str
    health_since: datetime
    server: str
    as_of: datetime | None
    latency_ms: int | None = None
    probed_at: datetime | None
    created_at: datetime
    removed_at: datetime | None
    restored_at: datetime | None = None
    counts: dict[str, int] = {}


class ClusterState(msgspec.Struct, frozen=True, kw_only=True):
    """What those above need to follow a cluster, and to say how old their knowledge of it is."""

    id: UUID
    name: str
    region: str
    provider: str
    version: str
    health: str
    health_reason: str
    probed_at: datetime | None  # when the last probe succeeded
    credentials_version: int = 1
    labels: dict[str, str] = {}


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What asking a cluster for a sign of life brought."""

    health: Health
    reason: str = ""
    version: str = ""
    latency_ms: int | None = None  # until its version was there
    refused: bool = False  # it does not accept our credentials: asking again soon is no use

    @property
    def answered(self) -> bool:
        """Whether it spoke to us as to someone it knows."""
        return bool(self.version)


class Place(msgspec.Struct, frozen=True):
    """Where a cluster runs: a region and a provider, each "" if its nodes do not say."""

    region: str = ""
    provider: str = ""


def health(probe: Health, reason: str, stream_trouble: str) -> tuple[Health, str]:
    """The health of a cluster from its last probe and from its streams: the worse of the two speaks."""
    if probe == "healthy" and stream_trouble:
        return "degraded", stream_trouble
    return probe, reason


def name(text: str) -> str:
    """A cluster's name, tidied. Raises Invalid."""
    tidy = " ".join(text.split())
    if not _NAME.fullmatch(tidy):
        cure = "Begin with a letter or a digit, and go on with these, dots, dashes, underscores, colons and @."
        if suggested := name_from(tidy):
            cure += f" For instance: {suggested}"
        raise _wrong("/name", "a name has 1 to 253 characters, no spaces and no slashes", cure)
    return tidy


def name_from(context: str) -> str:
    """A name made of what a kubeconfig calls a context: arn:aws:eks:eu-west-1:1234:cluster/shop is shop."""
    last = context.rsplit("/", maxsplit=1)[-1] if context.startswith("arn:") else context
    return _BETWEEN.sub("-", last).strip("-._:@")[:253]


def typed_labels(text: str) -> dict[str, str]:
    """Labels as people type them: key=value, separated by spaces, commas or lines."""
    pairs = [part.partition("=") for part in text.replace(",", " ").split()]
    return {key: value for key, _, value in pairs}


def labels(given: Mapping[str, str]) -> dict[str, str]:
    """Labels as Kubernetes has them. Raises Invalid naming the first that is not."""
    if len(given) > LABELS:
        raise _wrong("/labels", f"a cluster has at most {LABELS} labels", "Remove some.")
    for key, value in given.items():
        pointer = "/labels/" + key.replace("~", "~0").replace("/", "~1")
        if not _LABEL_KEY.fullmatch(key):
            raise _wrong(
                pointer, f"{key!r} is no label key", "Use letters, digits, dots, dashes: team, example.com/tier."
            )
        if not _LABEL_VALUE.fullmatch(value):
            cure = "Use up to 63 letters, digits, dots, dashes and underscores."
            raise _wrong(pointer, f"{value!r} is no label value", cure)
    return dict(sorted(given.items()))


def place(text: str, field: str) -> str:
    """A region or a provider, tidied. Raises Invalid."""
    tidy = " ".join(text.split())
    if len(tidy) > PLACE or not (tidy.isprintable() or not tidy):
        raise _wrong(f"/{field}", f"a {field} has at most {PLACE} printable characters", "Shorten it.")
    return tidy


def _wrong(pointer: str, detail: str, cure: str) -> Invalid:
    return Invalid(detail, errors=(FieldError(pointer, detail),), cure=cure)


# Where a cluster is, by the labels and provider ids that cloud controllers give its nodes

_REGION = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
_PROVIDERS = {
    "aws": "aws", "gce": "gcp", "azure": "azure", "digitalocean": "digitalocean", "hcloud": "hetzner", "ibm": "ibm",
    "kind": "kind", "k3s": "k3s", "linode": "linode", "oci": "oracle", "openstack": "openstack", "scaleway": "scaleway",
    "vsphere": "vsphere", "exoscale": "exoscale", "ovh": "ovh", "kwok": "kwok", "equinixmetal": "equinix",
}  # fmt: skip
_MARKS = {
    "eks.amazonaws.com/": "aws",
    "cloud.google.com/gke-": "gcp",
    "kubernetes.azure.com/": "azure",
    "minikube.k8s.io/": "minikube",
    "node.openshift.io/": "openshift",
}


class NodeMark(msgspec.Struct, frozen=True):
    """What of a node tells where it runs."""

    labels: dict[str, str]
    provider_id: str


def locate(nodes: Iterable[NodeMark]) -> Place:
    """Where most of the nodes say that they are."""
    regions: Counter[str] = Counter()
    providers: Counter[str] = Counter()
    for node in nodes:
        regions[next((node.labels[key] for key in _REGION if node.labels.get(key)), "")] += 1
        providers[_provider(node)] += 1
    return Place(_most(regions), _most(providers))


def _provider(node: NodeMark) -> str:
    scheme = node.provider_id.partition("://")[0]
    if scheme in _PROVIDERS:
        return _PROVIDERS[scheme]
    return next((to for mark, to in _MARKS.items() if any(key.startswith(mark) for key in node.labels)), scheme)


def _most(found: Counter[str]) -> str:
    found.pop("", None)
    return found.most_common(1)[0][0][:PLACE] if found else ""
