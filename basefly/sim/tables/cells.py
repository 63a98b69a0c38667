"""What many printers share: ages, ports, selectors, containers, in the words of kubectl."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
Printer = Callable[[Object], list[Any]]
NONE = "<none>"
UNKNOWN = "<unknown>"


def name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def seconds_since(time: str | None, *, until: str | None = None) -> float | None:
    """The seconds from one time to another, or to now."""
    if not time:
        return None
    end = datetime.fromisoformat(until) if until else datetime.now(UTC)
    return (end - datetime.fromisoformat(time)).total_seconds()


def age(obj: Object) -> str:
    return ago(obj["metadata"].get("creationTimestamp"))


def ago(time: str | None) -> str:
    seconds = seconds_since(time)
    return UNKNOWN if seconds is None else duration(seconds)


def duration(exact: float) -> str:
    """A duration as `kubectl get` shortens it (apimachinery's HumanDuration): 5m3s, 26h, 3d4h."""
    seconds = int(exact)
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _pair(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _pair(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    return _pair(days // 365, "y", days % 365, "d") if days < 2920 else f"{days // 365}y"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def joined(values: Sequence[Any], most: int | None = None) -> str:
    """Values with commas; those beyond `most` are counted."""
    if not values:
        return NONE
    shown = ",".join(str(value) for value in values[:most])
    return f"{shown} + {len(values) - most} more..." if most is not None and len(values) > most else shown


def labels(held: Mapping[str, str] | None) -> str:
    return joined([f"{key}={value}" for key, value in sorted((held or {}).items())])


def selector(held: Object | None) -> str:
    """A label selector in its textual form."""
    held = held or {}
    terms = [f"{key}={value}" for key, value in sorted((held.get("matchLabels") or {}).items())]
    for term in held.get("matchExpressions") or ():
        values = ",".join(sorted(term.get("values") or ()))
        form = {"In": "{k} in ({v})", "NotIn": "{k} notin ({v})", "Exists": "{k}", "DoesNotExist": "!{k}"}
        terms.append(form[term["operator"]].format(k=term["key"], v=values))
    return ",".join(terms) or NONE


def containers(template: Object) -> list[str]:
    """Names and images of a pod template's containers, as two cells."""
    held = template.get("spec", {}).get("containers", [])
    return [",".join(c["name"] for c in held), ",".join(c.get("image", "") for c in held)]


def template(obj: Object) -> Object:
    found: Object = obj.get("spec", {}).get("template", {})
    return found


def short_access(modes: Sequence[str]) -> str:
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    return ",".join(short[mode] for mode in short if mode in modes)
