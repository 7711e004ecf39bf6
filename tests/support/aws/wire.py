"""Requests and answers as AWS's protocols have them: JSON 1.x, REST with JSON, and Query."""

import functools
import json
import re
import uuid
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

import botocore.session

ACCOUNT = "123456789012"
REGION = "eu-west-1"

_SESSION = botocore.session.get_session()
_CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")


@functools.cache
def model(service):
    """The botocore model of a service, by its signing name."""
    return _SESSION.get_service_model("cloudwatch" if service == "monitoring" else service)


class Route(NamedTuple):
    method: str
    path: re.Pattern
    # Of the path's variables.
    names: list
    query: dict
    operation: str


def _routes(service):
    """How a REST service's operations are told apart; those with a fixed query or fewer variables go first."""
    service_model = model(service)
    routes = []
    for name in service_model.operation_names:
        http = service_model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        pattern = re.sub(r"\\\{\w+\\\}", r"([^/]+)", re.escape(path.rstrip("/")))
        names = re.findall(r"\{(\w+)\}", path)
        routes.append(Route(http["method"], re.compile(pattern + "/?$"), names, dict(parse_qsl(query)), name))
    return sorted(routes, key=lambda route: (not route.query, len(route.names)))


_LAMBDA = _routes("lambda")


class AwsError(Exception):
    """An error as AWS words it."""

    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass
class Request:
    """One call: which operation of which service, in which region, with which parameters."""

    service: str
    operation: str
    region: str
    parameters: dict
    environ: dict = field(repr=False)

    @property
    def user_agent(self):
        return self.environ.get("HTTP_USER_AGENT", "")


@dataclass
class Answer:
    """What goes back. AWS's own answers carry a request id; a proxy's page does not."""

    status: int
    body: bytes
    content_type: str
    headers: list = field(default_factory=list)
    from_aws: bool = True

    def header_list(self):
        """`Date` is the server's to add."""
        headers = [*self.headers, ("Content-Type", self.content_type), ("Content-Length", str(len(self.body)))]
        if self.from_aws:
            headers.append(("x-amzn-RequestId", str(uuid.uuid4())))
        return headers


def read(environ, body):
    """The call that a request makes."""
    region, service = _scope(environ)
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if "." in target:
        prefix, operation = target.rsplit(".", 1)
        service = service or _service_of_target(prefix)
        return Request(service, operation, region, _json(body), environ)
    if service == "lambda" or "/functions" in environ["PATH_INFO"]:
        operation, parameters = _lambda_call(environ, body)
        return Request("lambda", operation, region, parameters, environ)
    form = dict(parse_qsl(body.decode("utf-8", "replace")))
    return Request(service or "unknown", form.pop("Action", "unknown"), region, form, environ)


def _scope(environ):
    """Region and service that the request is signed for."""
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found.groups() if found else (REGION, None)


def _service_of_target(prefix):
    for service in ("secretsmanager", "ecs", "logs", "monitoring"):
        if model(service).metadata.get("targetPrefix") == prefix:
            return service
    return "unknown"


def _lambda_call(environ, body):
    path = quote(environ["PATH_INFO"], safe="/:$")
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    for route in _LAMBDA:
        found = route.path.match(path)
        if found and route.method == environ["REQUEST_METHOD"] and route.query.items() <= query.items():
            return route.operation, {**query, **_json(body), **dict(zip(route.names, found.groups()))}
    return "unknown", {}


def _json(body):
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def success(service, output, status=200):
    return Answer(status, json.dumps(output).encode(), content_type(service))


def failure(service, error):
    """An error in the form that the service's protocol has for it."""
    protocol = _protocol(service)
    if protocol == "query":
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></ErrorResponse>"
        )
        return Answer(error.status, body.encode(), "text/xml")
    body = json.dumps({"__type": error.code, "message": error.message}).encode()
    headers = [("x-amzn-ErrorType", error.code)] if protocol == "rest-json" else []
    return Answer(error.status, body, content_type(service), headers)


def _protocol(service):
    return {"lambda": "rest-json", "iam": "query", "sts": "query", "rds": "query"}.get(service, "json")


def content_type(service):
    """moto calls all its answers HTML."""
    types = {"rest-json": "application/json", "query": "text/xml"}
    return types.get(_protocol(service), "application/x-amz-json-1.1")
