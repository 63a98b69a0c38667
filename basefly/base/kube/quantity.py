"""Kubernetes quantities: 100m, 1Gi, 2e3 (k8s.io/apimachinery/pkg/api/resource)."""

from __future__ import annotations

import re
from functools import lru_cache

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?", re.ASCII)
_FACTORS = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip


@lru_cache(maxsize=4096)
def number(value: str | float) -> float:
    """The number that a quantity means: "250m" is 0.25, "1Gi" is 1073741824.

    Plain numbers, as some servers write them, are returned as they are. Raises ValueError.
    """
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value)
    if match is None:
        raise ValueError(f"{value[:40]!r} is no Kubernetes quantity")
    digits, suffix = match.groups()
    return float(digits) * _FACTORS.get(suffix, 1)
