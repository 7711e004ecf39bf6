"""What tests order and ask under /_standin/: JSON in, JSON out."""

import json
import time
from urllib.parse import parse_qsl

from moto.core.exceptions import JsonRESTError

from . import events, functions, metrics, rds, rotation, secrets
from .wire import ACCOUNT, REGION, Answer, AwsError, Request

PREFIX = "/_standin/"


class Control:
    def __init__(self, account, calls, faults):
        self._account, self._calls, self._faults = account, calls, faults
        # Where the stand-in was asked last.
        self._host = ""

    def answer(self, environ, body):
        """400 and a reason for an order that makes no sense."""
        route = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].removeprefix(PREFIX)}"
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        if route not in _ROUTES:
            return _json(404, {"error": f"no such order: {route}; there are {', '.join(_ROUTES)}"})
        try:
            given = json.loads(body or b"{}")
            if not isinstance(given, dict):
                raise ValueError("an order is a JSON object")
            with self._account.lock:
                self._host = environ.get("HTTP_HOST", "")
                return _json(200, _ROUTES[route](self, query | given))
        except KeyError as missing:
            return _json(400, {"error": f"{missing} is missing"})
        except (ValueError, AwsError, JsonRESTError) as error:
            return _json(400, {"error": getattr(error, "message", None) or str(error)})

    def _list_calls(self, given):
        """Calls of one service or operation, or all; `since` is a time as calls carry it."""
        wanted = {key: given[key] for key in ("service", "operation") if key in given}
        since = float(given.get("since", 0))
        calls = [call for call in self._calls.all() if call["time"] >= since]
        return {"calls": [call for call in calls if all(call[key] == value for key, value in wanted.items())]}

    def _clear_calls(self, _given):
        self._calls.clear()
        return {}

    def _reset(self, given):
        self._account.reset()
        self._calls.clear()
        self._faults.clear()
        return self._change_timing(given)

    def _change_timing(self, given):
        self._account.timing.change(given)
        return self._account.timing.milliseconds()

    def _add_fault(self, given):
        self._faults.add(given)
        return {}

    def _clear_faults(self, _given):
        self._faults.clear()
        return {}

    def _create_secret(self, given):
        """A secret with its first value, its rotation Lambda where one is named, and what else DescribeSecret says of it."""
        region = given.get("region", REGION)
        backend = secrets.backend_of(region)
        tags = [{"Key": key, "Value": value} for key, value in given.get("tags", {}).items()]
        backend.create_secret(given["name"], given["value"], None, None, tags, None, None, [], False)
        secret = backend.secrets[given["name"]]
        secret.described = given.get("described", {})
        if "rotation_lambda" in given:
            name = given["rotation_lambda"]
            function = functions.find(region, name) or functions.create(region, name)
            secrets.enable_rotation(secret, function.function_arn, {"AutomaticallyAfterDays": given.get("days", 30)})
        return {"arn": secret.arn, "version": secrets.holder(secret, secrets.CURRENT)}

    def _create_function(self, given):
        region = given.get("region", REGION)
        names = ("variables", "log_group", "key_denied", "tags", "runtime", "shown")
        options = {key: given[key] for key in names if key in given}
        function = functions.create(region, given["name"], **options)
        return {"arn": function.function_arn, "revision": functions.configuration(function)["RevisionId"]}

    def _create_service(self, given):
        """A service whose tasks have run for a day, with all that it needs."""
        region, cluster = given.get("region", REGION), given.get("cluster", "default")
        definition = self._register(region, given)
        self._ecs(region, "CreateCluster", {"clusterName": cluster})
        created = {
            "cluster": cluster,
            "serviceName": given["name"],
            "taskDefinition": definition["taskDefinitionArn"],
            "desiredCount": given.get("desired", 1),
            "deploymentController": {"type": given.get("controller", "ECS")},
            "schedulingStrategy": given.get("scheduling", "REPLICA"),
            "deploymentConfiguration": given.get("deployment_configuration", {}),
            "serviceConnectConfiguration": given.get("service_connect", {}),
            "loadBalancers": [{"targetGroupArn": arn} for arn in given.get("target_groups", [])],
        }
        described = self._ecs(region, "CreateService", created)["service"]
        service = self._account.ecs.service(region, {"cluster": cluster, "service": given["name"]})
        if given.get("settled", True):
            service.age(86_400)
        service.failures_to_come = given.get("fail_deployments", 0)
        service.express = given.get("express", False)
        return {"arn": described["serviceArn"], "taskDefinition": described["taskDefinition"]}

    def _register(self, region, given):
        containers = given.get("containers") or [_container(given)]
        parameters = {"family": given.get("family", given["name"]), "containerDefinitions": containers}
        return self._ecs(region, "RegisterTaskDefinition", parameters)["taskDefinition"]

    def _ecs(self, region, operation, parameters):
        return self._account.ecs.answer(Request("ecs", operation, region, parameters, {}))

    def _list_tasks(self, given):
        """Every task with the versions it was given; `all` shows those that have stopped too."""
        now = time.time()
        tasks = self._account.ecs.tasks(given.get("cluster"), given.get("service"))
        shown = [task for task in tasks if "all" in given or not task.has_stopped(now)]
        return {"tasks": [_task(task, now) for task in shown]}

    def _set_up_events(self, given):
        """The queue and the rules of deploy/events/template.json."""
        queue = events.set_up(given.get("region", REGION))
        return {"url": f"http://{self._host}/{ACCOUNT}/{queue.name}"}

    def _send_event(self, given):
        """`event` as its source sends it, through the rules; or `message`, or a heartbeat, into the queue itself."""
        region = given.get("region", REGION)
        if "event" in given:
            return {"sent": events.put(given["event"], region)}
        times = given.get("times", 1)
        for _ in range(times):
            events.send(given.get("message", events.HEARTBEAT), region)
        return {"sent": times}

    def _lose_queue(self, given):
        events.lose(given.get("region", REGION))
        return {}

    def _list_messages(self, given):
        return events.messages(given.get("region", REGION))

    def _put_database(self, given):
        return rds.put(given, given.get("region", REGION))

    def _put_proxy(self, given):
        return rds.put_proxy(given, given.get("region", REGION))

    def _put_metrics(self, given):
        return metrics.put(given, given.get("region", REGION))

    def _play_rotation(self, given):
        return rotation.play(given)


def _container(given):
    """One container that reads the secrets from its environment."""
    names = [{"name": f"SECRET_{n}", "valueFrom": value} for n, value in enumerate(given.get("secrets", []), 1)]
    environment = [{"name": name, "value": value} for name, value in given.get("environment", {}).items()]
    container = {
        "name": "app",
        "image": given.get("image", "app@sha256:" + "0" * 64),
        "essential": True,
        "secrets": names,
        "environment": environment,
    }
    check = {"healthCheck": {"command": ["CMD", "true"], "interval": 5}}
    return container | (check if given.get("health_check", True) else {})


def _task(task, now):
    described = task.describe("", now)
    names = ("taskArn", "group", "startedBy", "lastStatus", "desiredStatus", "healthStatus", "createdAt")
    return {name: described[name] for name in names} | {"versions": task.versions}


def _json(status, output):
    return Answer(status, json.dumps(output).encode(), "application/json", from_aws=False)


_ROUTES = {
    "GET calls": Control._list_calls,
    "DELETE calls": Control._clear_calls,
    "POST reset": Control._reset,
    "POST timing": Control._change_timing,
    "POST fault": Control._add_fault,
    "DELETE fault": Control._clear_faults,
    "POST secret": Control._create_secret,
    "POST function": Control._create_function,
    "POST service": Control._create_service,
    "GET tasks": Control._list_tasks,
    "POST events": Control._set_up_events,
    "POST event": Control._send_event,
    "GET messages": Control._list_messages,
    "POST lost-queue": Control._lose_queue,
    "POST rds": Control._put_database,
    "POST rds-proxy": Control._put_proxy,
    "POST metrics": Control._put_metrics,
    "POST rotation": Control._play_rotation,
}
