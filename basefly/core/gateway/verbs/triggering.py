"""A cron job run now: a job of its template that belongs to it, as `kubectl create job --from` makes one."""

from __future__ import annotations

import secrets
from typing import Any

from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs.model import MANAGER, Ask, Place, Wish

_LONGEST = 45  # characters of its cron job's name in that of a job, which may have 63


async def plan(house: House, by: Principal, place: Place, wish: Wish) -> Ask:  # noqa: ARG001  # one signature for all plans
    """Reads the cron job. Raises what the cluster says."""
    cluster, _, path = place
    cron_job = await asking.get(house, by, cluster, path)
    return Ask("POST", f"?fieldManager={MANAGER}", _job(cron_job), path=path.rpartition("/cronjobs/")[0] + "/jobs")


def _job(cron_job: dict[str, Any]) -> dict[str, Any]:
    meta, template = cron_job["metadata"], cron_job["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    # It blocks nobody from deleting the cron job: that would take a right over finalizers besides.
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": meta["name"], "uid": meta["uid"], "controller": True}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{meta['name'][:_LONGEST]}-manual-{secrets.token_hex(3)}",
            "namespace": meta["namespace"],
            "labels": given.get("labels") or {},
            "annotations": (given.get("annotations") or {}) | {"cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [owner],
        },
        "spec": template["spec"],
    }
