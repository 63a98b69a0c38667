"""How a problem is told, and what to try first. Kubernetes' own reasons stand beside, as they are."""

from __future__ import annotations

from basefly.base.web.language import t, tn

_CRASH = frozenset({"CrashLoopBackOff", "Error", "StartError", "ContainerCannotRun"})
_IMAGE = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"})
_CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})


def pods(app: str, status: str, clusters: int, where: str) -> tuple[str, str]:
    """Pods of one name that fail, and what to try. `where` names the cluster, if it is only one."""
    said = {"app": app, "where": where, "status": status}
    reason = status.removeprefix("Init:")
    if reason in _CRASH:
        title = tn("{app} crash looping on {where}", "{app} crash looping on {n} clusters", clusters, **said)
        return title, t("Read the last lines of its log.")
    if reason in _IMAGE:
        title = tn(
            "{app} cannot pull its image on {where}", "{app} cannot pull its image on {n} clusters", clusters, **said
        )
        return title, t("Check the image's name and its pull secret.")
    if reason == "OOMKilled":
        title = tn("{app} out of memory on {where}", "{app} out of memory on {n} clusters", clusters, **said)
        return title, t("Compare its memory limit with what it needs.")
    if reason in _CONFIG:
        title = tn("{app} cannot start on {where}", "{app} cannot start on {n} clusters", clusters, **said)
        return title, t("Something that it names is not there: its events say what.")
    if reason == "Evicted":
        title = tn("{app} evicted on {where}", "{app} evicted on {n} clusters", clusters, **said)
        return title, t("Look at the pressure of its nodes.")
    title = tn("{app} failing on {where}", "{app} failing on {n} clusters", clusters, **said)
    return title, t("Its events say what stands in the way.")


def workload(app: str, clusters: int, where: str) -> tuple[str, str]:
    """A workload that lacks what it should have."""
    said = {"app": app, "where": where}
    title = tn("{app} not available on {where}", "{app} not available on {n} clusters", clusters, **said)
    return title, t("See which of its pods are missing, and why.")


def job(app: str, clusters: int, where: str) -> tuple[str, str]:
    """A job that failed."""
    title = tn("{app} failed on {where}", "{app} failed on {n} clusters", clusters, app=app, where=where)
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
    title = tn("{where} does not answer", "{n} clusters do not answer", clusters, where=where)
    return title, t("Check the way to its API server: address, firewall, certificate.")


def degraded(clusters: int, where: str) -> tuple[str, str]:
    """Clusters that answer, but not as they should."""
    title = tn("{where} is degraded", "{n} clusters are degraded", clusters, where=where)
    return title, t("The cluster's page says what is amiss.")
