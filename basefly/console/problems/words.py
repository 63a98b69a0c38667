"""How a problem is told, and what to try first. Kubernetes' own reasons stand beside, as they are."""

from __future__ import annotations

from basefly.base.web.language import t, tn

_CRASH = frozenset({"CrashLoopBackOff", "Error", "StartError", "ContainerCannotRun"})
_IMAGE = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"})
_CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})


def _on(clusters: int, where: str) -> str:
    """Where something happens. One cluster is named in every language, also in those that know no singular."""
    return t("on {where}", where=where) if clusters == 1 else tn("on {n} cluster", "on {n} clusters", clusters)


def pods(app: str, status: str, clusters: int, where: str) -> tuple[str, str]:
    """Pods of one name that fail, and what to try. `where` names the cluster, if it is only one."""
    said = {"app": app, "place": _on(clusters, where)}
    reason = status.removeprefix("Init:")
    if reason in _CRASH:
        title = t("{app} crash looping {place}", **said)
        return title, t("Read the last lines of its log.")
    if reason in _IMAGE:
        title = t("{app} cannot pull its image {place}", **said)
        return title, t("Check the image's name and its pull secret.")
    if reason == "OOMKilled":
        title = t("{app} out of memory {place}", **said)
        return title, t("Compare its memory limit with what it needs.")
    if reason in _CONFIG:
        title = t("{app} cannot start {place}", **said)
        return title, t("Something that it refers to is missing: its events say what.")
    if reason == "Evicted":
        title = t("{app} evicted {place}", **said)
        return title, t("Look at the pressure of its nodes.")
    title = t("{app} failing {place}", **said)
    return title, t("Its events say what stands in the way.")


def workload(app: str, clusters: int, where: str) -> tuple[str, str]:
    """A workload that lacks what it should have."""
    said = {"app": app, "place": _on(clusters, where)}
    title = t("{app} not available {place}", **said)
    return title, t("See which of its pods are missing, and why.")


def job(app: str, clusters: int, where: str) -> tuple[str, str]:
    """A job that failed."""
    title = t("{app} failed {place}", app=app, place=_on(clusters, where))
    return title, t("Read the log of its last pod.")


def nodes(count: int, clusters: int, where: str) -> tuple[str, str]:
    """Nodes that are not ready."""
    if clusters == 1:
        title = tn("{n} node not ready in {where}", "{n} nodes not ready in {where}", count, where=where)
    else:
        title = tn("{n} node not ready, in {clusters} clusters", "{n} nodes not ready, in {clusters} clusters", count,
                   clusters=clusters)  # fmt: skip
    return title, t("See whether the machine runs, and what its kubelet says of itself.")


def unreachable(clusters: int, where: str) -> tuple[str, str]:
    """Clusters that do not answer."""
    several = tn("{n} cluster does not answer", "{n} clusters do not answer", clusters)
    title = t("{where} does not answer", where=where) if clusters == 1 else several
    return title, t("Check the way to its API server: address, firewall, certificate.")


def degraded(clusters: int, where: str) -> tuple[str, str]:
    """Clusters that answer, but not as they should."""
    several = tn("{n} cluster is degraded", "{n} clusters are degraded", clusters)
    title = t("{where} is degraded", where=where) if clusters == 1 else several
    return title, t("The cluster's page says what is wrong.")
