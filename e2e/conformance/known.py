"""The differences that are known, each with its reason. Any other makes the run fail."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple


class Known(NamedTuple):
    """Differences by exchange and path, both with `*`; list positions are no part of a path."""

    exchange: str
    path: str
    why: str


_BUILD = "the commit and the state of the source tree belong to a build"
_NOT_SERVED = "events.k8s.io, autoscaling/v1, resource.k8s.io and componentstatuses are not served"
_STORED = "the real server keeps these in another version than it serves, which only it knows"
_OPENAPI = "documents of groups, discovery and version are not served: clients read those of the versions"
_TAINT = "no admission plugin taints new nodes"
_AGGREGATOR = "no aggregation layer looks after API services"
_GO_JSON = "the words are those of Go's JSON or YAML decoder, or hold the whole object with its managed fields"
_PLAINLY = "a simulated object remembers who wrote its fields from the first apply on: before, nobody is known"
_SELECTORS = "refused as well, in other words or by another list of fields"
_DEFINED = "definitions are established, and gone, at once: no state in between is told"
_KUBELET = "without a kubelet a deleted pod is gone at once, whatever its grace"
_PRINTED = "the real server keeps it elsewhere than in the metadata and adds it to the whole object"
_CORNER = "a corner of the real server that no client relies on"

KNOWN: tuple[Known, ...] = (
    Known("discovery: /version", "body.git*", _BUILD),
    Known("discovery: /*", "body.*componentstatuses", _NOT_SERVED),
    Known("discovery: /*", "body.*events.k8s.io", _NOT_SERVED),
    Known("discovery: /apis*", "body.*metrics.k8s.io", "metrics come from a server that the control plane is without"),
    Known("discovery: /*", "body.*resource.k8s.io", _NOT_SERVED),
    Known("discovery: /*", "body.*versions.v1", _NOT_SERVED),
    Known("discovery: /apis/*", "body.resources*.storageVersionHash", _STORED),
    Known("errors: GET /api/v1/", "body.resources.componentstatuses", _NOT_SERVED),
    Known("errors: GET /", "body.paths", "paths of documents, metrics, logs and probes are not listed"),
    Known("openapi: the index", "body.paths*", _OPENAPI),
    Known("kinds: nodes *", "body.*taints", _TAINT),
    Known("patches: strategic: *", "body.spec.taints", _TAINT),
    Known("kinds: apiservices.*", "body.*", _AGGREGATOR),
    Known("kinds: daemonsets.apps *", "body.*annotations", _PRINTED),
    Known("patches: *another kind", "body*", _GO_JSON),
    Known("writes: delete with options of no kind", "body.message", _GO_JSON),
    Known("apply: no YAML", "body.message", _GO_JSON),
    Known("apply: another value on one made plainly", "body.*message", _PLAINLY),
    Known("custom: no kind", "body.message", _GO_JSON),
    Known("reads: ?continue=nonsense*", "body.message", _GO_JSON),
    Known("reads: labels *", "*", _SELECTORS),
    Known("reads: fields *", "body.message", _SELECTORS),
    Known("reads: * by *", "*", _SELECTORS),
    Known("watches: refused: fieldSelector*", "body.message", _SELECTORS),
    Known("watches: as tables, initial events", "body*", "the bookmark of a watch of tables is told as an object"),
    Known("kinds: services v1 *: create again", "*", "node ports are not allotted"),
    Known("custom: *definition", "body.status*", _DEFINED),
    Known("custom: protobuf of a custom kind", "*", "a refusal is told in JSON, even where protobuf is accepted"),
    Known("writes: * placed pod *", "*", _KUBELET),
    Known("writes: scale as a table", "body*", "a Scale is told as itself"),
    Known("access: a token of nobody", "*", "token reviews are answered elsewhere"),
    Known("errors: many as application/json;as=Table;v=v1beta1;*", "body.apiVersion", _CORNER),
    Known("errors: many as application/json;as=PartialObjectMetadata;*", "body.message", _CORNER),
)


def reason(exchange: str, path: str) -> str:
    """Why the two may differ there; empty if that is not known."""
    path = path.replace("[]", "")
    for known in KNOWN:
        if fnmatchcase(exchange, known.exchange) and fnmatchcase(path, known.path):
            return known.why
    return ""
