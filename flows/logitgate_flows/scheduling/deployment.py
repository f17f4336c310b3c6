"""A project's schedule as deployments on a Prefect server, one for each job, and the retraining trigger."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments import run_deployment
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentEventTrigger
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.types.entrypoint import EntrypointType

from logitgate.data.project_files import load_scheduled_project
from logitgate.errors import UnavailableError
from logitgate.project.operations.schedule import Job
from logitgate.project.project import Project
from logitgate_flows.reactions import RETRAIN
from logitgate_flows.scheduled import scheduled_monitor, scheduled_score, scheduled_train

POOL = "logitgate"
"""Work pool of the deployments; a worker of type process serves it."""

_FLOWS = {"train": scheduled_train, "monitor": scheduled_monitor, "score": scheduled_score}


def deploy_schedule(project_file: Path, *, train_now: bool = False) -> list[str]:
    """Make or renew the deployments of a project; return their names.

    With `train_now` a first training starts at once where its deployment is new, so that a model need not
    wait for the next slot.

    Raises
    ------
    UnavailableError
        When no server is named, or it does not answer.
    """
    project = load_scheduled_project(project_file)
    server = os.environ.get("PREFECT_API_URL")
    if not server:
        rule, remedy = "names no server to deploy to", "set it, or leave --deploy out to run on this host"
        raise UnavailableError("PREFECT_API_URL", rule, remedy)
    try:
        _make_pool()
        first = train_now and project.schedule.train is not None and not _is_deployed("train", project.name)
        names = [_deployed(project_file.absolute(), project, job) for job in project.schedule.jobs]
        if first:
            run_deployment(f"scheduled-train/{project.name}", timeout=0, as_subflow=False)
        return names
    except Exception as error:
        rule = f"did not take the deployments ({type(error).__name__})"
        raise UnavailableError(server, rule, "see that the server runs, and deploy again") from error


def retraining_trigger(model: str) -> DeploymentEventTrigger:
    """Return the trigger that starts a training on a request; the as-of date arrives as it was sent."""
    moment = {"__prefect_kind": "jinja", "template": "{{ event.payload.as_of | tojson }}"}
    return DeploymentEventTrigger(
        name=f"logitgate: train {model} again when its monitoring asks for it",
        expect={RETRAIN},
        match={"prefect.resource.id": f"logitgate.model.{model}"},
        parameters={"as_of": {"__prefect_kind": "json", "value": moment}},
    )


def _is_deployed(job: str, model: str) -> bool:
    with get_client(sync_client=True) as client:
        try:
            client.read_deployment_by_name(f"scheduled-{job}/{model}")
        except ObjectNotFound:
            return False
        return True


def _deployed(project_file: Path, project: Project, job: Job) -> str:
    clock: Any = CronSchedule(cron=job.cron, timezone=project.schedule.time_zone)
    deployment: Any = RunnerDeployment.from_flow(
        _FLOWS[job.name],
        name=project.name,
        schedule=clock,
        parameters={"project_file": str(project_file)},
        # A training that takes longer than its slot is waited for: two never run at once.
        concurrency_limit=1,
        triggers=[retraining_trigger(project.name)] if job.name == "train" else [],
        description=project.purpose or None,
        tags=["logitgate", project.name],
        work_pool_name=POOL,
        # At ERROR Prefect keeps whole traces, and a chained error may quote a cell.
        job_variables={"env": {"PREFECT_LOGGING_LEVEL": "CRITICAL"}},
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    deployment.apply()
    return f"scheduled-{job.name}/{project.name}"


def _make_pool() -> None:
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        except ObjectAlreadyExists:
            return
