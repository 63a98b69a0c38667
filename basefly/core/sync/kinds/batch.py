"""Batch: jobs and cron jobs."""

from __future__ import annotations

import msgspec

from basefly.core.sync.kind import Column, Health, Kind, Meta, Projection
from basefly.core.sync.kinds.workloads import Condition, Template


class JobSpec(msgspec.Struct, frozen=True, gc=False):
    completions: int | None = None
    parallelism: int | None = None
    suspend: bool = False
    template: Template = Template()


class JobStatus(msgspec.Struct, rename="camel", frozen=True, gc=False):
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    start_time: str | None = None
    completion_time: str | None = None
    conditions: list[Condition] = []


class Job(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()


def project_job(job: Job) -> Projection:
    spec, status = job.spec, job.status
    word, health = _job_word(job)
    wanted = spec.completions if spec.completions is not None else spec.parallelism or 1
    cells = {
        "completions": f"{status.succeeded}/{wanted}",
        "active": status.active,
        "failed": status.failed,
        "started": status.start_time or "",
        "finished": status.completion_time or "",
        "images": [c.image for c in spec.template.spec.containers],
    }
    return Projection(word, health, cells)


def _job_word(job: Job) -> tuple[str, Health]:
    if job.metadata.deletion_timestamp:
        return "Terminating", "warn"
    held = {c.type for c in job.status.conditions if c.status == "True"}
    if "Complete" in held:
        return "Complete", "idle"
    if "Failed" in held:
        return "Failed", "bad"
    if "Suspended" in held or job.spec.suspend:
        return "Suspended", "idle"
    return ("Running", "ok") if job.status.active else ("Pending", "warn")


JOBS = Kind(
    resource="jobs.batch",
    kind="Job",
    group="workloads",
    columns=(
        Column("completions", "Completions"),
        Column("active", "Active", "number"),
        Column("failed", "Failed", "number"),
        Column("started", "Started", "time", wide=True),
        Column("finished", "Finished", "time"),
        Column("images", "Images", "list", wide=True),
    ),
    shape=Job,
    project=project_job,
)


class CronJobSpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    schedule: str = ""
    time_zone: str = ""
    suspend: bool = False


class CronJobStatus(msgspec.Struct, rename="camel", frozen=True, gc=False):
    active: list[msgspec.Raw] = []
    last_schedule_time: str | None = None
    last_successful_time: str | None = None


class CronJob(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()


def project_cron_job(cron_job: CronJob) -> Projection:
    spec, status = cron_job.spec, cron_job.status
    cells = {
        "schedule": spec.schedule,
        "timezone": spec.time_zone,
        "active": len(status.active),
        "last": status.last_schedule_time or "",
        "succeeded": status.last_successful_time or "",
    }
    if cron_job.metadata.deletion_timestamp:
        return Projection("Terminating", "warn", cells)
    if spec.suspend:
        return Projection("Suspended", "idle", cells)
    return Projection("Active" if status.active else "Scheduled", "ok", cells)


CRON_JOBS = Kind(
    resource="cronjobs.batch",
    kind="CronJob",
    short=("cj",),
    group="workloads",
    columns=(
        Column("schedule", "Schedule"),
        Column("active", "Active", "number"),
        Column("last", "Last run", "time"),
        Column("succeeded", "Last success", "time", wide=True),
        Column("timezone", "Time zone", wide=True),
    ),
    shape=CronJob,
    project=project_cron_job,
)
