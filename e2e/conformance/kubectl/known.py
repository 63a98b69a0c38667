"""Commands that are known to print something else, each with its reason."""

from __future__ import annotations

from fnmatch import fnmatchcase

_BUILD = "the commit and the state of the source tree belong to a build"
_NOT_SERVED = "events.k8s.io, autoscaling/v1, resource.k8s.io and componentstatuses are not served"
_WORDS = "schemas come without descriptions"
_CONTROLLERS = "the controllers of the real control plane have written its status, or an event about it"

KNOWN: dict[str, str] = {
    "version -o json": _BUILD,
    "get --raw /version": _BUILD,
    "api-versions": _NOT_SERVED,
    "api-resources*": _NOT_SERVED,
    "explain *": _WORDS,
    "get services,ingresses,pdb,resourcequota,serviceaccounts": _CONTROLLERS,
    "describe namespace *": _CONTROLLERS,
    "describe service web": _CONTROLLERS,
    "describe ingress web": _CONTROLLERS,
    "describe poddisruptionbudget web": _CONTROLLERS,
    "describe resourcequota small": _CONTROLLERS,
    "describe node *": _CONTROLLERS,
    "describe deployment *": _CONTROLLERS,
    "auth whoami *": "the number of a credential belongs to a certificate",
}


def reason(command: str) -> str:
    """Why a command may print something else; empty if that is not known."""
    return next((why for pattern, why in KNOWN.items() if fnmatchcase(command, pattern)), "")
