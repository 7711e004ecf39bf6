"""ECS tasks and deployments as functions of time: nothing runs between two requests (aws-facts: ECS)."""

import re
import time
import uuid
from dataclasses import dataclass, field

from . import secrets
from .wire import ACCOUNT, REGION

_VALUE_FROM = re.compile(r"(arn:aws[\w-]*:secretsmanager:([^:]+):\d+:secret:[^:]+)(?::([^:]*):([^:]*):([^:]*))?$")
_PARAMETER = re.compile(r"(?:arn:aws[\w-]*:ssm:([^:]+):\d+:parameter)?/aws/reference/secretsmanager/([^:]+)(?::([^:]+))?$")


@dataclass
class Task:
    arn: str
    definition: str
    group: str
    started_by: str
    # Whether a container has a health check; without one the health stays UNKNOWN.
    checked: bool
    # The version of each secret that it was given.
    versions: dict
    created: float
    running: float
    healthy: float
    drain: float
    # From when on it is wanted no more.
    unwanted: float = float("inf")
    # Until when its scale-in protection keeps it running, whatever is deployed.
    protected: float = 0

    def is_wanted(self, now):
        return now < self.unwanted

    def has_stopped(self, now):
        return now >= self.unwanted + self.drain

    def is_running(self, now):
        return self.running <= now and not self.has_stopped(now)

    def is_pending(self, now):
        return now < self.running and self.is_wanted(now)

    def dismiss(self, when):
        self.unwanted = min(self.unwanted, max(when, self.protected))

    def status(self, now):
        if self.has_stopped(now):
            return "STOPPED"
        if not self.is_wanted(now):
            return "DEACTIVATING"
        return "RUNNING" if self.is_running(now) else "PENDING"

    def health(self, now):
        return "HEALTHY" if self.checked and self.is_running(now) and now >= self.healthy else "UNKNOWN"

    def describe(self, cluster_arn, now):
        shown = {
            "taskArn": self.arn,
            "clusterArn": cluster_arn,
            "taskDefinitionArn": self.definition,
            "group": self.group,
            "startedBy": self.started_by,
            "lastStatus": self.status(now),
            "desiredStatus": "RUNNING" if self.is_wanted(now) else "STOPPED",
            "healthStatus": self.health(now),
            "launchType": "FARGATE",
            "createdAt": self.created,
        }
        times = {
            "startedAt": self.running if self.running < self.unwanted + self.drain else None,
            "stoppingAt": self.unwanted,
            "stoppedAt": self.unwanted + self.drain,
        }
        return shown | {name: at for name, at in times.items() if at is not None and at <= now}


@dataclass
class Deployment:
    id: str
    definition: str
    created: float
    # When its tasks are healthy and the older ones have stopped.
    completes: float
    # When the circuit breaker gives it up.
    fails: float = float("inf")

    def has_failed(self, now):
        return now >= self.fails

    def rollout(self, now):
        if self.has_failed(now):
            return "FAILED"
        return "COMPLETED" if now >= self.completes else "IN_PROGRESS"


@dataclass
class Service:
    arn: str
    name: str
    cluster_arn: str
    definition: str
    desired: int
    controller: str = "ECS"
    scheduling: str = "REPLICA"
    configuration: dict = field(default_factory=dict)
    tags: list = field(default_factory=list)
    created: float = field(default_factory=time.time)
    active: bool = True
    deployments: list = field(default_factory=list)
    tasks: list = field(default_factory=list)
    # So many of the next deployments fail.
    failures_to_come: int = 0
    # In Express Mode the task definition stands in the deployments alone.
    express: bool = False
    connect: dict = field(default_factory=dict)
    balancers: list = field(default_factory=list)

    def primary(self, now):
        """The last deployment that has not failed."""
        return next((made for made in reversed(self.deployments) if not made.has_failed(now)), None)

    def roll(self, now, definition, timing):
        """A new deployment of `desired` tasks; the older ones go when the new ones are healthy."""
        fails = self.failures_to_come > 0
        self.failures_to_come -= fails
        id = f"ecs-svc/{uuid.uuid4().int % 10**19:019}"
        tasks = [self._new_task(now, id, definition, timing) for _ in range(self.desired)]
        healthy = now + timing.start + timing.health
        deployment = Deployment(id, definition.arn, now, healthy)
        for task in self.tasks if not fails else tasks:
            task.dismiss(healthy)
        if fails:
            deployment.fails = healthy
        elif any(not task.has_stopped(now) for task in self.tasks):
            deployment.completes = healthy + timing.drain
        self.deployments.append(deployment)
        self.tasks.extend(tasks)

    def _new_task(self, now, deployment, definition, timing):
        return new_task(self.cluster_arn, definition, f"service:{self.name}", deployment, now, timing)

    def resize(self, now, desired, definition, timing):
        """More tasks of the primary deployment, or fewer."""
        self.desired = desired
        wanted = [task for task in self.tasks if task.is_wanted(now)]
        for task in wanted[desired:]:
            task.dismiss(now)
        for _ in range(desired - len(wanted)):
            self.tasks.append(self._new_task(now, self.primary(now).id, definition, timing))

    def age(self, seconds):
        """As if all of it had happened so long ago."""
        self.created -= seconds
        for deployment in self.deployments:
            deployment.created -= seconds
            deployment.completes -= seconds
        for task in self.tasks:
            task.created -= seconds
            task.running -= seconds
            task.healthy -= seconds

    def close(self, now):
        self.active, self.desired = False, 0
        for task in self.tasks:
            task.dismiss(now)

    def describe(self, now):
        described = {
            "serviceArn": self.arn,
            "serviceName": self.name,
            "clusterArn": self.cluster_arn,
            "status": "ACTIVE" if self.active else "INACTIVE",
            "taskDefinition": self.definition,
            "desiredCount": self.desired,
            "runningCount": _count(self.tasks, Task.is_running, now),
            "pendingCount": _count(self.tasks, Task.is_pending, now),
            "schedulingStrategy": self.scheduling,
            "deploymentController": {"type": self.controller},
            "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100} | self.configuration,
            "deployments": self._describe_deployments(now),
            "launchType": "FARGATE",
            "createdAt": self.created,
            "events": [],
            "tags": self.tags,
            "loadBalancers": self.balancers,
        }
        if self.express:
            del described["taskDefinition"]
        return described

    def _describe_deployments(self, now):
        """The primary one first, then those that still have tasks."""
        primary = self.primary(now)
        others = [made for made in reversed(self.deployments) if made is not primary]
        shown = [made for made in others if any(not task.has_stopped(now) for task in self._tasks_of(made))]
        if primary:
            shown.insert(0, primary)
        return [self._describe_deployment(made, made is primary, now) for made in shown]

    def _tasks_of(self, deployment):
        return [task for task in self.tasks if task.started_by == deployment.id]

    def _describe_deployment(self, deployment, is_primary, now):
        tasks = self._tasks_of(deployment)
        connect = {"serviceConnectConfiguration": self.connect} if self.connect else {}
        return connect | {
            "id": deployment.id,
            "status": "PRIMARY" if is_primary else "ACTIVE",
            "taskDefinition": deployment.definition,
            "desiredCount": self.desired if is_primary else 0,
            "runningCount": _count(tasks, Task.is_running, now),
            "pendingCount": _count(tasks, Task.is_pending, now),
            "failedTasks": len(tasks) if deployment.has_failed(now) else 0,
            "rolloutState": deployment.rollout(now),
            "createdAt": deployment.created,
            "updatedAt": max(at for at in (deployment.created, deployment.completes, deployment.fails) if at <= now),
        }


def _count(tasks, state, now):
    return sum(state(task, now) for task in tasks)


@dataclass
class Definition:
    arn: str
    family: str
    revision: int
    containers: list
    tags: list = field(default_factory=list)
    active: bool = True

    def value_froms(self):
        """Every reference to a secret, also those of the log configuration."""
        for container in self.containers:
            logs = container.get("logConfiguration", {})
            for secret in [*container.get("secrets", []), *logs.get("secretOptions", [])]:
                yield secret["valueFrom"]

    def describe(self):
        return {
            "taskDefinitionArn": self.arn,
            "family": self.family,
            "revision": self.revision,
            "status": "ACTIVE" if self.active else "INACTIVE",
            "containerDefinitions": self.containers,
        }


def new_task(cluster_arn, definition, group, started_by, now, timing):
    cluster = cluster_arn.rsplit("/", 1)[1]
    region = cluster_arn.split(":")[3]
    running = now + timing.start
    return Task(
        arn=f"arn:aws:ecs:{region}:{ACCOUNT}:task/{cluster}/{uuid.uuid4().hex}",
        definition=definition.arn,
        group=group,
        started_by=started_by,
        checked=any("healthCheck" in container for container in definition.containers),
        versions=dict(filter(None, map(resolve, definition.value_froms()))),
        created=now,
        running=running,
        healthy=running + timing.health,
        drain=timing.drain,
    )


def resolve(value_from):
    """The secret's ARN and the version that the reference means at this moment; `None` where there is none."""
    found, parameter = _VALUE_FROM.match(value_from), _PARAMETER.match(value_from)
    if found:
        named, region, _key, label, version = found.groups()
    elif parameter:
        region, named, label = parameter.groups()
        version = None
    else:
        return None
    secret = _find(secrets.backend_of(region or REGION), named)
    return secret and (secret.arn, version or secrets.holder(secret, label or secrets.CURRENT))


def _find(backend, named):
    """By ARN, by the ARN without its six characters, or by name: whichever secret is there now."""
    living = [backend.secrets[name] for name in backend.secrets]
    return next((secret for secret in living if named in (secret.arn, secret.arn[:-7], secret.name)), None)
