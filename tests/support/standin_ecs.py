"""An ECS on the wire: services whose tasks start, become healthy and drain, by the clock at each request."""

import time
import uuid

ARN = "arn:aws:ecs:eu-west-1:123456789012"


class Deployment:
    """One rollout. Its tasks are given the versions that are current when it begins."""

    def __init__(self, service, versions, step, created=None):
        self.id = f"ecs-svc/{uuid.uuid4().int % 10**19}"
        self.created = created or time.time()
        self.versions = versions
        self.step = step
        self.tasks = [uuid.uuid4().hex for _ in range(service["desired"])]

    def running(self, now):
        return now >= self.created + self.step

    def healthy(self, now):
        return now >= self.created + 2 * self.step


class Ecs:
    def __init__(self, step, current_version):
        self.step = step
        self.current_version = current_version
        self.services = {}

    # Control

    def add(self, request):
        """A service that has run for a day."""
        service = {"cluster": request["cluster"], "name": request["name"], "secrets": request["secrets"], "desired": request.get("desired", 2), "environment": request.get("environment", {})}
        service["deployments"] = [self.deployment(service, time.time() - 86400)]
        self.services[(service["cluster"], service["name"])] = service
        return {}

    def deployment(self, service, created=None):
        versions = {arn: self.current_version(arn) for arn in service["secrets"]}
        return Deployment(service, versions, self.step, created)

    def running(self):
        """Tasks that serve, with what they hold."""
        now = time.time()
        serving = []
        for (cluster, name), service in self.services.items():
            newest_healthy = next(d for d in reversed(service["deployments"]) if d.healthy(now))
            for task in newest_healthy.tasks:
                serving.append({"cluster": cluster, "service": name, "task": task, "versions": newest_healthy.versions})
        return serving

    # AWS

    def answer(self, operation, request):
        handler = getattr(self, operation, None)
        if handler is None:
            return "400 Bad Request", {"__type": "InvalidParameterException", "message": f"{operation} is not played"}
        return "200 OK", handler(request)

    def ListClusters(self, _request):
        names = sorted({cluster for cluster, _ in self.services})
        return {"clusterArns": [f"{ARN}:cluster/{name}" for name in names]}

    def ListServices(self, request):
        cluster = short(request["cluster"])
        return {"serviceArns": [f"{ARN}:service/{c}/{name}" for c, name in self.services if c == cluster]}

    def DescribeServices(self, request):
        cluster = short(request["cluster"])
        described, failures = [], []
        for wanted in request["services"]:
            service = self.services.get((cluster, short(wanted)))
            if service is None:
                failures.append({"arn": wanted, "reason": "MISSING"})
            else:
                described.append(self.described(service))
        return {"services": described, "failures": failures}

    def described(self, service):
        now = time.time()
        deployments = self.alive(service, now)
        return {
            "serviceArn": f"{ARN}:service/{service['cluster']}/{service['name']}",
            "serviceName": service["name"],
            "clusterArn": f"{ARN}:cluster/{service['cluster']}",
            "status": "ACTIVE",
            "desiredCount": service["desired"],
            "runningCount": sum(len(d.tasks) for d in deployments if d.running(now)),
            "pendingCount": sum(len(d.tasks) for d in deployments if not d.running(now)),
            "taskDefinition": f"{ARN}:task-definition/{service['name']}:1",
            "schedulingStrategy": "REPLICA",
            "deploymentController": {"type": "ECS"},
            "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200},
            "deployments": [self.described_deployment(d, d is service["deployments"][-1], now) for d in reversed(deployments)],
        }

    def alive(self, service, now):
        """The newest, and those before it until it is healthy."""
        newest = service["deployments"][-1]
        return [newest] if newest.healthy(now) else service["deployments"][-2:]

    def described_deployment(self, deployment, primary, now):
        return {
            "id": deployment.id,
            "status": "PRIMARY" if primary else "ACTIVE",
            "createdAt": deployment.created,
            "updatedAt": deployment.created,
            "desiredCount": len(deployment.tasks),
            "runningCount": len(deployment.tasks) if deployment.running(now) else 0,
            "pendingCount": 0 if deployment.running(now) else len(deployment.tasks),
            "failedTasks": 0,
            "rolloutState": "COMPLETED" if deployment.healthy(now) else "IN_PROGRESS",
        }

    def DescribeTaskDefinition(self, request):
        name, _, revision = short(request["taskDefinition"]).partition(":")
        service = next(service for (_, known), service in self.services.items() if known == name)
        container = {
            "name": "app",
            "image": f"registry.example/{name}@sha256:{'0' * 64}",
            "secrets": [{"name": "DATABASE", "valueFrom": arn} for arn in service["secrets"]],
            "environment": [{"name": key, "value": value} for key, value in service["environment"].items()],
        }
        arn = f"{ARN}:task-definition/{name}:{revision or 1}"
        return {"taskDefinition": {"taskDefinitionArn": arn, "family": name, "revision": 1, "containerDefinitions": [container]}}

    def ListTasks(self, request):
        cluster, now = short(request["cluster"]), time.time()
        if request.get("desiredStatus", "RUNNING") != "RUNNING":
            return {"taskArns": []}
        wanted = request.get("serviceName")
        services = [s for (c, name), s in self.services.items() if c == cluster and wanted in (None, name)]
        tasks = [task for service in services for d in self.alive(service, now) for task in d.tasks]
        return {"taskArns": [f"{ARN}:task/{cluster}/{task}" for task in tasks]}

    def DescribeTasks(self, request):
        cluster, now = short(request["cluster"]), time.time()
        wanted = {short(task) for task in request["tasks"]}
        tasks = []
        for (c, name), service in self.services.items():
            for deployment in self.alive(service, now) if c == cluster else []:
                tasks += [self.described_task(cluster, name, deployment, task, now) for task in deployment.tasks if task in wanted]
        return {"tasks": tasks, "failures": []}

    def described_task(self, cluster, name, deployment, task, now):
        running = deployment.running(now)
        described = {
            "taskArn": f"{ARN}:task/{cluster}/{task}",
            "clusterArn": f"{ARN}:cluster/{cluster}",
            "taskDefinitionArn": f"{ARN}:task-definition/{name}:1",
            "group": f"service:{name}",
            "startedBy": deployment.id,
            "createdAt": deployment.created,
            "desiredStatus": "RUNNING",
            "lastStatus": "RUNNING" if running else "PENDING",
            "healthStatus": "HEALTHY" if deployment.healthy(now) else "UNKNOWN",
        }
        if running:
            described["startedAt"] = deployment.created + deployment.step
        return described

    def UpdateService(self, request):
        service = self.services[(short(request["cluster"]), short(request["service"]))]
        if request.get("forceNewDeployment"):
            service["deployments"].append(self.deployment(service))
        return {"service": self.described(service)}


def short(arn):
    return arn.rpartition("/")[2]
