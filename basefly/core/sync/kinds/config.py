"""Configuration: config maps and secrets. Rows hold names and keys only; what history keeps is its own."""

from __future__ import annotations

import msgspec

from basefly.core.sync.kind import Column, Kind, Meta, Projection, terminating

Keys = dict[str, msgspec.Raw] | None  # values stay undecoded bytes of the page they came in, and are dropped with it


class ConfigMap(msgspec.Struct, rename="camel", frozen=True, gc=False):
    metadata: Meta
    data: Keys = None
    binary_data: Keys = None
    immutable: bool = False


def project_config_map(config_map: ConfigMap) -> Projection:
    keys = sorted([*(config_map.data or ()), *(config_map.binary_data or ())])
    status, health = terminating(config_map.metadata, "Active", "ok")
    return Projection(status, health, {"count": len(keys), "keys": keys, "immutable": config_map.immutable})


CONFIG_MAPS = Kind(
    resource="configmaps",
    kind="ConfigMap",
    short=("cm",),
    group="config",
    columns=(
        Column("count", "Keys", "number"),
        Column("keys", "Names of keys", "list"),
        Column("immutable", "Immutable", wide=True),
    ),
    shape=ConfigMap,
    project=project_config_map,
)


class Secret(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    type: str = "Opaque"
    data: Keys = None
    immutable: bool = False


def project_secret(secret: Secret) -> Projection:
    keys = sorted(secret.data or ())
    cells = {"type": secret.type, "count": len(keys), "keys": keys, "immutable": secret.immutable}
    status, health = terminating(secret.metadata, "Active", "ok")
    return Projection(status, health, cells)


SECRETS = Kind(
    resource="secrets",
    kind="Secret",
    group="config",
    columns=(
        Column("type", "Type"),
        Column("count", "Keys", "number"),
        Column("keys", "Names of keys", "list", wide=True),
        Column("immutable", "Immutable", wide=True),
    ),
    shape=Secret,
    project=project_secret,
)
