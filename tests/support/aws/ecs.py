"""ECS's operations on clusters, services, tasks and task definitions."""

import time

from .tasks import Definition, Service, new_task
from .wire import ACCOUNT, AwsError

_PAGE = 100
_MOST_SERVICES, _MOST_TASKS = 10, 100


class Ecs:
    """One account's ECS. Clusters are kept by region and name."""

    def __init__(self, timing):
        self._timing = timing
        self.reset()

    def reset(self):
        self._clusters = {}
        self._definitions = {}

    def answer(self, request):
        operation = _OPERATIONS.get(request.operation)
        if operation is None:
            raise AwsError("UnknownOperationException", f"the stand-in has no ecs:{request.operation}")
        return operation(self, request.region, request.parameters)

    def tasks(self, cluster, service):
        """Every task ever started, of one cluster and service or of all, with the name of its cluster."""
        for (_, name), found in self._clusters.items():
            if cluster in (None, name):
                yield from (task for task in found.all_tasks() if service is None or task.group == f"service:{service}")

    def _create_cluster(self, region, parameters):
        name = parameters.get("clusterName") or "default"
        arn = f"arn:aws:ecs:{region}:{ACCOUNT}:cluster/{name}"
        cluster = self._clusters.setdefault((region, name), Cluster(arn, parameters.get("tags", [])))
        return {"cluster": cluster.describe()}

    def _describe_clusters(self, region, parameters):
        names = [name.rsplit("/", 1)[-1] for name in parameters.get("clusters", ["default"])]
        found = [self._clusters[region, name] for name in names if (region, name) in self._clusters]
        return {"clusters": [_tagged(parameters, cluster.describe()) for cluster in found], "failures": []}

    def _delete_cluster(self, region, parameters):
        cluster = self._cluster(region, parameters)
        if any(service.active for service in cluster.services.values()):
            message = "The Cluster cannot be deleted while Services are active."
            raise AwsError("ClusterContainsServicesException", message)
        del self._clusters[region, cluster.name]
        return {"cluster": cluster.describe() | {"status": "INACTIVE"}}

    def _list_clusters(self, region, parameters):
        arns = [cluster.arn for (where, _), cluster in self._clusters.items() if where == region]
        return _page(parameters, "clusterArns", arns)

    def _register(self, region, parameters):
        family = parameters["family"]
        revision = 1 + sum(known.family == family for known in self._definitions.values())
        arn = f"arn:aws:ecs:{region}:{ACCOUNT}:task-definition/{family}:{revision}"
        containers, tags = parameters.get("containerDefinitions", []), parameters.get("tags", [])
        definition = Definition(arn, family, revision, containers, tags)
        self._definitions[arn] = definition
        return {"taskDefinition": definition.describe()}

    def _describe_definition(self, _region, parameters):
        definition = self._definition(parameters["taskDefinition"])
        return _tagged(parameters, {"taskDefinition": definition.describe(), "tags": definition.tags})

    def _list_families(self, _region, parameters):
        families = sorted({known.family for known in self._definitions.values() if known.active})
        prefix = parameters.get("familyPrefix", "")
        return _page(parameters, "families", [family for family in families if family.startswith(prefix)])

    def _deregister(self, _region, parameters):
        definition = self._definition(parameters["taskDefinition"])
        definition.active = False
        return {"taskDefinition": definition.describe()}

    def _delete_definitions(self, _region, parameters):
        """Only what was deregistered can be deleted."""
        known = [self._definitions.get(arn) for arn in parameters["taskDefinitions"]]
        deleted = [definition for definition in known if definition and not definition.active]
        for definition in deleted:
            del self._definitions[definition.arn]
        return {"taskDefinitions": [definition.describe() for definition in deleted], "failures": []}

    def _definition(self, named):
        """By ARN, by family and revision, or the newest of a family."""
        name = named.rsplit("/", 1)[-1]
        known = [
            one
            for one in self._definitions.values()
            if name == f"{one.family}:{one.revision}" or (name == one.family and one.active)
        ]
        if not known:
            raise AwsError("ClientException", "Unable to describe task definition.")
        return known[-1]

    def _cluster(self, region, parameters):
        name = (parameters.get("cluster") or "default").rsplit("/", 1)[-1]
        if (region, name) not in self._clusters:
            raise AwsError("ClusterNotFoundException", "Cluster not found.")
        return self._clusters[region, name]

    def _create_service(self, region, parameters):
        cluster = self._cluster(region, parameters)
        definition = self._definition(parameters["taskDefinition"])
        name = parameters["serviceName"]
        if name in cluster.services and cluster.services[name].active:
            raise AwsError("InvalidParameterException", "Creation of service was not idempotent.")
        service = Service(
            arn=cluster.arn.replace(":cluster/", ":service/") + f"/{name}",
            name=name,
            cluster_arn=cluster.arn,
            definition=definition.arn,
            desired=parameters.get("desiredCount", 1),
            controller=parameters.get("deploymentController", {}).get("type", "ECS"),
            scheduling=parameters.get("schedulingStrategy", "REPLICA"),
            configuration=parameters.get("deploymentConfiguration", {}),
            tags=parameters.get("tags", []),
            connect=parameters.get("serviceConnectConfiguration", {}),
            balancers=parameters.get("loadBalancers", []),
        )
        cluster.services[name] = service
        service.roll(time.time(), definition, self._timing)
        return {"service": service.describe(time.time())}

    def _create_express(self, region, parameters):
        """Always a canary, and with a task definition of its own making."""
        container = {"name": "Main", "essential": True} | parameters["primaryContainer"]
        name = parameters["serviceName"]
        definition = self._register(region, {"family": name, "containerDefinitions": [container]})
        cluster = parameters.get("cluster") or "default"
        self._create_cluster(region, {"clusterName": cluster})
        created = {
            "cluster": cluster,
            "serviceName": name,
            "taskDefinition": definition["taskDefinition"]["taskDefinitionArn"],
            "desiredCount": parameters.get("scalingTarget", {}).get("minTaskCount", 1),
            "deploymentConfiguration": {"strategy": "CANARY"},
        }
        self._create_service(region, created)
        service = self.service(region, {"cluster": cluster, "service": name})
        service.express = True
        return {"service": {"serviceArn": service.arn, "serviceName": name, "cluster": cluster}}

    def _list_services(self, region, parameters):
        cluster = self._cluster(region, parameters)
        arns = [service.arn for service in cluster.services.values() if service.active]
        return _page(parameters, "serviceArns", arns, default=10)

    def _describe_services(self, region, parameters):
        cluster = self._cluster(region, parameters)
        named = _named(parameters, "services", _MOST_SERVICES)
        found = {name: cluster.services.get(name.rsplit("/", 1)[-1]) for name in named}
        missing = [_missing(cluster, "service", name) for name, service in found.items() if service is None]
        now = time.time()
        services = [_tagged(parameters, service.describe(now)) for service in found.values() if service]
        return {"services": services, "failures": missing}

    def service(self, region, parameters):
        cluster = self._cluster(region, parameters)
        name = parameters["service"].rsplit("/", 1)[-1]
        if name not in cluster.services:
            raise AwsError("ServiceNotFoundException", "Service not found.")
        if not cluster.services[name].active:
            raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
        return cluster.services[name]

    def _update_service(self, region, parameters):
        service = self.service(region, parameters)
        if service.controller != "ECS":
            message = f"Cannot force a new deployment on services with a {service.controller} deployment controller."
            raise AwsError("InvalidParameterException", message)
        definition = self._definition(parameters.get("taskDefinition") or service.definition)
        now = time.time()
        desired = parameters.get("desiredCount", service.desired)
        if parameters.get("forceNewDeployment") or definition.arn != service.definition:
            service.definition, service.desired = definition.arn, desired
            service.roll(now, definition, self._timing)
        elif desired != service.desired:
            service.resize(now, desired, definition, self._timing)
        return {"service": service.describe(now)}

    def _delete_service(self, region, parameters):
        service = self.service(region, parameters)
        service.close(time.time())
        return {"service": service.describe(time.time())}

    def _run_task(self, region, parameters):
        cluster = self._cluster(region, parameters)
        definition = self._definition(parameters["taskDefinition"])
        group = parameters.get("group") or f"family:{definition.family}"
        now = time.time()
        tasks = [
            new_task(cluster.arn, definition, group, parameters.get("startedBy", ""), now, self._timing)
            for _ in range(parameters.get("count", 1))
        ]
        cluster.standalone.extend(tasks)
        return {"tasks": [task.describe(cluster.arn, now) for task in tasks], "failures": []}

    def _list_tasks(self, region, parameters):
        cluster = self._cluster(region, parameters)
        now = time.time()
        tasks = cluster.all_tasks()
        if parameters.get("serviceName"):
            service = self.service(region, parameters | {"service": parameters["serviceName"]})
            tasks = service.tasks
        if parameters.get("startedBy"):
            tasks = [task for task in tasks if task.started_by == parameters["startedBy"]]
        wanted = parameters.get("desiredStatus", "RUNNING") == "RUNNING"
        return _page(parameters, "taskArns", [task.arn for task in tasks if task.is_wanted(now) == wanted])

    def _describe_tasks(self, region, parameters):
        cluster = self._cluster(region, parameters)
        known = {task.arn.rsplit("/", 1)[1]: task for task in cluster.all_tasks()}
        named = _named(parameters, "tasks", _MOST_TASKS)
        found = {name: known.get(name.rsplit("/", 1)[-1]) for name in named}
        missing = [_missing(cluster, "task", name) for name, task in found.items() if task is None]
        now = time.time()
        return {"tasks": [task.describe(cluster.arn, now) for task in found.values() if task], "failures": missing}


    def _get_protection(self, region, parameters):
        cluster = self._cluster(region, parameters)
        now = time.time()
        found = [_protection(task, now) for task in self._named_tasks(cluster, parameters)]
        return {"protectedTasks": found, "failures": []}

    def _update_protection(self, region, parameters):
        cluster = self._cluster(region, parameters)
        now = time.time()
        minutes = parameters.get("expiresInMinutes", 120) if parameters["protectionEnabled"] else 0
        tasks = self._named_tasks(cluster, parameters)
        for task in tasks:
            task.protected = now + 60 * minutes
        return {"protectedTasks": [_protection(task, now) for task in tasks], "failures": []}

    def _named_tasks(self, cluster, parameters):
        names = [name.rsplit("/", 1)[-1] for name in parameters.get("tasks", [])]
        return [task for task in cluster.all_tasks() if task.arn.rsplit("/", 1)[1] in names]


_OPERATIONS = {
    "CreateCluster": Ecs._create_cluster,
    "CreateExpressGatewayService": Ecs._create_express,
    "CreateService": Ecs._create_service,
    "DeleteCluster": Ecs._delete_cluster,
    "DeleteService": Ecs._delete_service,
    "DeleteTaskDefinitions": Ecs._delete_definitions,
    "DeregisterTaskDefinition": Ecs._deregister,
    "DescribeClusters": Ecs._describe_clusters,
    "DescribeServices": Ecs._describe_services,
    "DescribeTaskDefinition": Ecs._describe_definition,
    "DescribeTasks": Ecs._describe_tasks,
    "GetTaskProtection": Ecs._get_protection,
    "ListClusters": Ecs._list_clusters,
    "ListServices": Ecs._list_services,
    "ListTaskDefinitionFamilies": Ecs._list_families,
    "ListTasks": Ecs._list_tasks,
    "RegisterTaskDefinition": Ecs._register,
    "RunTask": Ecs._run_task,
    "UpdateService": Ecs._update_service,
    "UpdateTaskProtection": Ecs._update_protection,
}


class Cluster:
    def __init__(self, arn, tags):
        self.arn = arn
        self.tags = tags
        self.services = {}
        self.standalone = []

    @property
    def name(self):
        return self.arn.rsplit("/", 1)[1]

    def describe(self):
        return {"clusterArn": self.arn, "clusterName": self.name, "status": "ACTIVE", "tags": self.tags}

    def all_tasks(self):
        of_services = [task for service in self.services.values() for task in service.tasks]
        return of_services + self.standalone


def _protection(task, now):
    is_protected = task.protected > now
    until = {"expirationDate": task.protected} if is_protected else {}
    return {"taskArn": task.arn, "protectionEnabled": is_protected} | until


def _named(parameters, key, most):
    names = parameters.get(key) or []
    if not 0 < len(names) <= most:
        raise AwsError("InvalidParameterException", f"{key} must have 1 to {most} members.")
    return names


def _tagged(parameters, described):
    """Tags are told only to those who ask for them."""
    if "TAGS" in parameters.get("include", []):
        return described
    return {key: value for key, value in described.items() if key != "tags"}


def _missing(cluster, kind, name):
    arn = name if name.startswith("arn:") else f"{cluster.arn.replace(':cluster/', f':{kind}/')}/{name}"
    return {"arn": arn, "reason": "MISSING"}


def _page(parameters, key, entries, default=_PAGE):
    start = int(parameters.get("nextToken") or 0)
    end = start + (parameters.get("maxResults") or default)
    page = {key: entries[start:end]}
    return page | ({"nextToken": str(end)} if end < len(entries) else {})
