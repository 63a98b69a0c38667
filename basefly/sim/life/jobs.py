"""Jobs, which run pods to completion, and cron jobs, which make jobs by the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from basefly.sim.clock import now
from basefly.sim.life.pods import view
from basefly.sim.life.work import Object, Work, owner_reference, set_condition

JOBS, CRON_JOBS = "jobs.batch", "cronjobs.batch"
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MACROS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
_HORIZON = timedelta(days=366)


def reconcile_job(work: Work, key: str) -> None:
    job = work.get(JOBS, key)
    if job is None or _ended(job):
        return
    spec, status, meta = job["spec"], job.get("status", {}), job["metadata"]
    pods = [(record, view(record)) for record in work.owned(meta["uid"], "pods")]
    succeeded, failed = (sum(pod.status.phase == phase for _, pod in pods) for phase in ("Succeeded", "Failed"))
    active = [(record, pod) for record, pod in pods if not pod.finished]
    restarts = sum(held.restart_count for _, pod in active for held in pod.status.container_statuses)
    wanted = spec.get("completions") or 1
    status = status | {"startTime": status.get("startTime") or now()}
    # 1. Enough have succeeded, or too many have failed.
    if succeeded >= wanted:
        _end(status, "Complete", "CompletionsReached", "Reached expected number of succeeded pods")
        work.tell(("Job", job), "Completed", "Job completed", "job-controller")
    elif failed + restarts > spec.get("backoffLimit", 6):
        why = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        _end(status, "Failed", *why)
        work.tell(("Job", job), *why, "job-controller", warning=True)
    # 2. It goes on: as many run as may run at once.
    room = min(spec.get("parallelism", 1), wanted - succeeded) - len(active)
    if spec.get("suspend") or _ended({"status": status}):
        room = -len(active)
    for _ in range(room):
        name = _make_pod(work, job)
        work.tell(("Job", job), "SuccessfulCreate", f"Created pod: {name}", "job-controller")
    for record, pod in active[: max(-room, 0)]:
        if not pod.deleting:
            work.delete("pods", record.key)
    # 3. The status counts.
    ready = sum(pod.ready for _, pod in active)
    terminating = sum(pod.deleting for _, pod in active)
    counts = {"active": max(len(active) + room, 0), "ready": ready, "succeeded": succeeded, "failed": failed}
    kept = {name: value for name, value in status.items() if name not in counts}
    kept |= {"terminating": terminating, "uncountedTerminatedPods": {}}
    work.put_status(JOBS, job, kept | {name: count for name, count in counts.items() if count or name == "ready"})
    if _ended({"status": status}) and "ttlSecondsAfterFinished" in spec:
        work.after(spec["ttlSecondsAfterFinished"], work.delete, JOBS, key)


def _ended(job: Object) -> bool:
    conditions = job.get("status", {}).get("conditions", ())
    return any(held["type"] in ("Complete", "Failed") and held["status"] == "True" for held in conditions)


def _end(status: Object, kind: str, reason: str, message: str) -> None:
    for one in ("SuccessCriteriaMet" if kind == "Complete" else "FailureTarget", kind):
        set_condition(status, one, "True", reason, message)
    if kind == "Complete":
        status["completionTime"] = now()


def _make_pod(work: Work, job: Object) -> str:
    meta = job["metadata"]
    named = {"job-name": meta["name"], "controller-uid": meta["uid"]}
    labels = named | {f"batch.kubernetes.io/{key}": value for key, value in named.items()}
    return work.templates.create("Job", job, labels=labels)


def reconcile_cron_job(work: Work, key: str) -> None:
    """Follow the jobs of a cron job, and see that its next one comes."""
    cron = work.get(CRON_JOBS, key)
    if cron is None:
        return
    jobs = [record.load() for record in work.owned(cron["metadata"]["uid"], JOBS)]  # who ended first comes first
    active = [job["metadata"] for job in jobs if not _ended(job)]
    references = [
        {"kind": "Job", "apiVersion": "batch/v1", **{part: meta[part] for part in ("namespace", "name", "uid")}}
        for meta in active
    ]
    for kind, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        done = [job for job in jobs if any(c["type"] == kind for c in job.get("status", {}).get("conditions", ()))]
        surplus = len(done) - cron["spec"].get(limit, 3 if kind == "Complete" else 1)
        for job in done[: max(surplus, 0)]:
            work.delete(JOBS, f"{job['metadata']['namespace']}/{job['metadata']['name']}")
    status = {name: value for name, value in cron.get("status", {}).items() if name != "active"}
    ended = [job["status"]["completionTime"] for job in jobs if "completionTime" in job.get("status", {})]
    if ended:
        status["lastSuccessfulTime"] = max(ended)
    work.put_status(CRON_JOBS, cron, status | ({"active": references} if references else {}))
    if work.schedules.get(cron["metadata"]["uid"]) != cron["spec"]["schedule"]:
        _await(work, key, cron)


def start_waiting(work: Work) -> None:
    """See that the next job of every cron job comes."""
    for record in work.store.of(CRON_JOBS).page():
        _await(work, record.key, record.load())


def _await(work: Work, key: str, cron: Object) -> None:
    schedule, uid = cron["spec"]["schedule"], cron["metadata"]["uid"]
    work.schedules[uid] = schedule
    at = next_time(schedule, work.time)
    if at is not None:
        work.after(at - work.time, _run, work, key, uid, schedule, at)


def _run(work: Work, key: str, uid: str, schedule: str, at: float) -> None:
    """The time of a cron job has come, if it still is the same."""
    cron = work.get(CRON_JOBS, key)
    if cron is None or cron["metadata"]["uid"] != uid or cron["spec"]["schedule"] != schedule:
        return
    _await(work, key, cron)
    policy, active = cron["spec"].get("concurrencyPolicy", "Allow"), cron.get("status", {}).get("active", ())
    if cron["spec"].get("suspend") or (policy == "Forbid" and active):
        return
    if policy == "Replace":
        for held in active:
            work.delete(JOBS, f"{held['namespace']}/{held['name']}")
    meta, template = cron["metadata"], cron["spec"]["jobTemplate"]
    name = f"{meta['name']}-{int(at) // 60}"
    if not work.store.get(JOBS, meta["namespace"], name):
        made = {**template.get("metadata", {}), "name": name, "ownerReferences": [owner_reference("CronJob", cron)]}
        job = {"metadata": made, "spec": template["spec"]}
        work.objects.create(work.objects.catalog.named(JOBS), job, namespace=meta["namespace"])
        work.tell(("CronJob", cron), "SuccessfulCreate", f"Created job {name}", "cronjob-controller")
        cron["status"] = cron.get("status", {}) | {"lastScheduleTime": now()}
        work.put(CRON_JOBS, cron)


def next_time(schedule: str, after: float) -> float | None:
    """The first minute after a time (seconds since the epoch) that a cron schedule names; None if there is none."""
    parts = _MACROS.get(schedule, schedule).split()
    minutes, hours, days, months, weekdays = (_field(*one) for one in zip(parts, _RANGES, strict=True))
    either = not (parts[2].startswith("*") or parts[4].startswith("*"))
    start = datetime.fromtimestamp(after, UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    moment = start
    while moment < start + _HORIZON:
        matches = (moment.day in days, moment.isoweekday() % 7 in weekdays)
        if moment.month not in months or not (any(matches) if either else all(matches)):
            moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
        elif moment.hour not in hours:
            moment = moment.replace(minute=0) + timedelta(hours=1)
        elif moment.minute not in minutes:
            moment += timedelta(minutes=1)
        else:
            return moment.timestamp()
    return None


def _field(text: str, bounds: tuple[int, int]) -> set[int]:
    """The numbers that a field of a schedule names, such as */15 or 1-5,7."""
    numbers: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        first = bounds[0] if span == "*" else int(low)
        last = bounds[1] if span == "*" or (step and not high) else int(high or low)
        numbers |= {number % 7 if bounds == (0, 6) else number for number in range(first, last + 1, int(step or 1))}
    return numbers
