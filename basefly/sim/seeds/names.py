"""The words of a believable fleet: clouds, teams, applications, images."""

from __future__ import annotations

from typing import NamedTuple


class Cloud(NamedTuple):
    """A provider as it shows in node labels and ids; sizes are (type, cores, GiB)."""

    scheme: str
    region: str
    zones: tuple[str, ...]
    sizes: tuple[tuple[str, int, int], ...]
    pool_label: str
    image: str
    kernel: str


CLOUDS = (
    Cloud(
        "aws",
        "eu-central-1",
        ("eu-central-1a", "eu-central-1b", "eu-central-1c"),
        (("m7i.xlarge", 4, 16), ("m7i.2xlarge", 8, 32), ("c7g.2xlarge", 8, 16)),
        "eks.amazonaws.com/nodegroup",
        "Bottlerocket OS 1.49.0 (aws-k8s-1.36)",
        "6.12.46",
    ),
    Cloud(
        "gce",
        "us-central1",
        ("us-central1-a", "us-central1-b", "us-central1-f"),
        (("e2-standard-4", 4, 16), ("n2-standard-8", 8, 32)),
        "cloud.google.com/gke-nodepool",
        "Container-Optimized OS from Google",
        "6.6.97+",
    ),
    Cloud(
        "azure",
        "westeurope",
        ("westeurope-1", "westeurope-2", "westeurope-3"),
        (("Standard_D4s_v5", 4, 16), ("Standard_D8s_v5", 8, 32)),
        "kubernetes.azure.com/agentpool",
        "Ubuntu 24.04.3 LTS",
        "6.8.0-1034-azure",
    ),
    Cloud(
        "hcloud",
        "fsn1",
        ("fsn1-dc14",),
        (("cpx41", 8, 16), ("ccx33", 8, 32)),
        "node.kubernetes.io/pool",
        "Debian GNU/Linux 12 (bookworm)",
        "6.1.0-38-amd64",
    ),
)
TEAMS = ("shop", "payments", "search", "identity", "media", "analytics", "logistics", "platform")
APPLICATIONS = {
    "shop": ("web", "cart", "checkout", "catalog", "recommendations"),
    "payments": ("api", "ledger", "fraud", "payouts", "webhooks"),
    "search": ("gateway", "indexer", "query", "suggest"),
    "identity": ("login", "sessions", "directory", "audit"),
    "media": ("upload", "thumbnails", "transcoder", "cdn-origin"),
    "analytics": ("collector", "enricher", "reports", "scheduler"),
    "logistics": ("orders", "routing", "tracking", "labels"),
    "platform": ("grafana", "alerts", "registry", "docs"),
}
STATEFUL = ("postgresql", "redis", "kafka", "elasticsearch", "minio")
BATCH = ("backup", "report", "cleanup", "billing-export", "reindex")
FAILURES = {
    "CrashLoopBackOff": "back-off 5m0s restarting failed container={app} pod={name}_{team}({uid})",
    "ImagePullBackOff": 'Back-off pulling image "{image}": ErrImagePull: manifest for {image} not found',
    "CreateContainerConfigError": 'secret "{app}-credentials" not found',
}
