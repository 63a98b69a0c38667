"""What states are called on pages, each with its tone."""

from __future__ import annotations

from basefly.base.web.language import t

Words = dict[str, tuple[str, str]]


def drain_states() -> Words:
    """Of a drain."""
    return {
        "running": ("idle", t("Draining")),
        "cancelling": ("idle", t("Being cancelled")),
        "done": ("ok", t("Done")),
        "blocked": ("warn", t("Blocked")),
        "paused": ("warn", t("Paused")),
        "failed": ("bad", t("Failed")),
        "cancelled": ("idle", t("Cancelled")),
    }


def node_states() -> Words:
    """Of a node."""
    return {**drain_states(), "waiting": ("idle", t("Waiting")), "draining": ("idle", t("Draining"))}


def pod_states() -> Words:
    """Of a pod."""
    return {
        "waiting": ("idle", t("Waiting")),
        "evicting": ("idle", t("Being evicted")),
        "blocked": ("warn", t("Held back")),
        "leaving": ("idle", t("Ending")),
        "gone": ("ok", t("Gone")),
        "skipped": ("idle", t("Stays")),
        "failed": ("bad", t("Failed")),
    }


def verdicts() -> Words:
    """What would happen to a pod."""
    return {
        "evict": ("ok", t("Is evicted")),
        "stay": ("idle", t("Stays")),
        "ask": ("bad", t("Needs your word")),
    }


def times() -> list[tuple[str, str]]:
    """How long a node may take, in seconds."""
    return [
        ("300", t("5 minutes")),
        ("1800", t("30 minutes")),
        ("3600", t("1 hour")),
        ("14400", t("4 hours")),
        ("86400", t("1 day")),
    ]
