"""Why a drain, a node or a pod is where it is, in a sentence, and what somebody can do about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from basefly.base.web.language import sentence


class Told(msgspec.Struct, frozen=True):
    """What is so, and what helps; either may be empty."""

    why: str
    cure: str = ""


_PODS = {
    "daemonset": Told(sentence("It belongs to a DaemonSet, which would start it again here at once.")),
    "mirror": Told(sentence("The node itself runs it, from a file; it ends with the node.")),
    "completed": Told(sentence("It is over already.")),
    "unmanaged": Told(
        sentence("No controller would start it again elsewhere."),
        sentence("Delete it, or drain with the permission to evict such pods (--force)."),
    ),
    "local_data": Told(
        sentence("It keeps data in an emptyDir, which are lost with it."),
        sentence("Save them, or drain with the permission to lose them (--delete-emptydir-data)."),
    ),
    "budgets": Told(
        sentence("More than one PodDisruptionBudget covers it, and then the cluster evicts no pod."),
        sentence("Let its labels fit one budget only."),
    ),
    "busy": Told(sentence("The cluster could not take the eviction; it is asked again.")),
    "moved": Told(sentence("The name belongs to another pod by now; that one was left alone.")),
}
_PLACES = {
    "gone": Told(sentence("The node is gone, and its pods with it.")),
    "uncordoned": Told(
        sentence("Somebody uncordoned the node during the drain, so it was left alone."),
        sentence("Resume the drain to cordon it again."),
    ),
    "timeout": Told(
        sentence("Not all of its pods left within the time that was given."),
        sentence("Look at the pods that are held back, then resume."),
    ),
    "held": Told(
        sentence("Pods are left that only a person can let go of."),
        sentence("See what each of them needs, then resume."),
    ),
    "withdrawn": Told(
        sentence("Authorisation withdrawn: the person in whose name it goes may not drain here any more."),
        sentence("Whoever may drain nodes of this cluster can resume or cancel it."),
    ),
    "removed": Told(sentence("The cluster was removed from the hub."), sentence("Restore it to go on.")),
}


def of_pod(reason: str, facts: Mapping[str, Any]) -> Told:
    """Why a pod is in this state."""
    if reason == "budget":
        return _of_budget(facts)
    if reason == "finalizers":
        names = ", ".join(facts.get("finalizers", ()))
        return Told(
            sentence(f"It has ended, but finalizers keep it: {names}."),
            sentence("Whoever set them has to remove them; look at that controller."),
        )
    if reason == "slow":
        return Told(
            sentence("It is past its grace and has not ended; its node may not answer."),
            sentence("Look at the node's kubelet. Deleting the pod with grace 0 gives up on it."),
        )
    if reason == "refused":
        message = facts.get("message", "")
        return Told(
            sentence(f"The cluster refused the eviction: {message}"),
            sentence("Change what it refuses for, then resume."),
        )
    return _PODS.get(reason, Told(""))


def of_place(reason: str) -> Told:
    """Why a drain or a node is where it is; a reason that is no word of ours is what the cluster said."""
    return _PLACES.get(reason, Told(reason))


def _of_budget(facts: Mapping[str, Any]) -> Told:
    budget, wants = facts.get("budget", ""), facts.get("wants", "")
    cure = sentence("Wait until more of its pods are ready, start more of them, or change the budget.")
    if "healthy" in facts:
        healthy, desired = str(facts["healthy"]), str(facts["desired"])
        return Told(sentence(f"The budget {budget} ({wants}) needs {desired} healthy pods and has {healthy}."), cure)
    if budget:
        return Told(sentence(f"The budget {budget} ({wants}) holds it back."), cure)
    return Told(sentence("A PodDisruptionBudget holds it back."), cure)
