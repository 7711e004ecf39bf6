"""A stand-in for AWS on one endpoint: moto, corrected where it differs from AWS, and an ECS of the tests' own.

    python standin.py [--port PORT] [--step-ms MS]

prints `listening http://127.0.0.1:PORT` when it is ready. The control API under /_standin/ is for the tests:

    GET  calls                                     every AWS call: time, service, operation, subject
    POST fault     {operation, kind, times}        throttle | denied | error | html | cut: what the next calls get
    POST secret    {name, value, announced?}       a secret with its rotation Lambda: {arn, version}
    POST rotation  {secret, step, version?, value?, line?}   one step, as AWS's templates do it; begin gives {version}
    POST service   {cluster, name, secrets}        an ECS service that is injected these ARNs
    POST function  {name, environment, reserved?}  a Lambda function
    GET  tasks                                     running tasks of services, and the versions they were given
    GET  function?name=                            reserved concurrency, tags and environment
"""

import argparse
import io
import json
import socket
import sys
import time
import urllib.parse
import uuid

from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.secretsmanager.models import secretsmanager_backends
from werkzeug.serving import WSGIRequestHandler, make_server

from standin_ecs import Ecs
from standin_lambda import Lambda

REGION = "eu-west-1"
SERVICES = {
    "secretsmanager": "secretsmanager",
    "Logs_20140328": "logs",
    "AmazonEC2ContainerServiceV20141113": "ecs",
}
FAULTS = {
    "throttle": ("400 Bad Request", "ThrottlingException", "Rate exceeded"),
    "denied": ("400 Bad Request", "AccessDeniedException", "User is not authorized to perform this operation"),
    "error": ("500 Internal Server Error", "InternalServerError", "An internal error occurred"),
}
ENGINE = "MySQL"


class Account:
    """Everything behind the endpoint."""

    def __init__(self, step):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.ecs = Ecs(step, self.current_version)
        self.functions = Lambda(step)
        self.calls = []
        self.faults = []

    # Secrets Manager

    def secret(self, arn):
        backend = secretsmanager_backends[DEFAULT_ACCOUNT_ID][REGION]
        return backend.secrets[arn]

    def current_version(self, arn):
        versions = self.secret(arn).versions.items()
        return next(name for name, version in versions if "AWSCURRENT" in version["version_stages"])

    def correct_secrets(self, operation, request, answer):
        """Where moto's Secrets Manager differs from AWS."""
        if operation == "ListSecretVersionIds" and "Versions" in answer:
            versions = self.secret(request["SecretId"]).versions
            has_value = lambda version: {"secret_string", "secret_binary"} & versions[version["VersionId"]].keys()
            answer["Versions"] = [version for version in answer["Versions"] if has_value(version)]
        if not answer.get("NextToken", True):
            del answer["NextToken"]
        if operation == "DescribeSecret" and "VersionIdsToStages" in answer:
            labelled = answer["VersionIdsToStages"].items()
            answer["VersionIdsToStages"] = {version: stages for version, stages in labelled if stages}

    def touch(self, arn):
        """LastChangedDate moves with every label (moto: only with a value), to the millisecond."""
        self.secret(arn).last_changed_date = round(time.time(), 3)

    # One request

    def __call__(self, environ, start):
        path = environ["PATH_INFO"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if path.startswith("/_standin/"):
            return self.control(path.removeprefix("/_standin/"), environ, body, start)
        service, operation = self.operation_of(environ)
        request = parsed(body)
        self.calls.append({"at": time.time(), "service": service, "operation": operation, "subject": subject(environ, request)})
        fault = self.fault(operation)
        if fault == "cut":
            # No answer at all: the connection is closed under the server's hands.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        if fault == "html":
            return respond(start, "502 Bad Gateway", b"<html>bad gateway</html>", "text/html")
        if fault:
            status, code, message = FAULTS[fault]
            return respond_json(start, {"__type": code, "message": message}, status, code)
        if service == "ecs":
            status, answer = self.ecs.answer(operation, request)
            return respond_json(start, answer, status)
        if service == "lambda":
            query = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", "")))
            status, answer = self.functions.answer(operation, subject(environ, request), request | query)
            return respond_json(start, answer, status)
        return self.from_moto(service, operation, request, environ, body, start)

    def operation_of(self, environ):
        prefix, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if prefix in SERVICES:
            return SERVICES[prefix], operation
        return "lambda", Lambda.operation_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])

    def from_moto(self, service, operation, request, environ, body, start):
        status, headers, answer = self.ask_moto(environ, body)
        if service == "secretsmanager" and status.startswith("2"):
            answer = json.loads(answer)
            self.correct_secrets(operation, request, answer)
            answer = json.dumps(answer).encode()
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start(status, kept + identified(len(answer)))
        return [answer]

    def ask_moto(self, environ, body):
        got = {}

        def keep(status, headers, exc_info=None):
            got.update(status=status, headers=headers)

        answer = b"".join(self.moto(dict(environ, **{"wsgi.input": io.BytesIO(body)}), keep))
        return got["status"], got["headers"], answer

    def fault(self, operation):
        for fault in self.faults:
            if fault["operation"] == operation and fault["times"] > 0:
                fault["times"] -= 1
                return fault["kind"]
        return None

    # Control

    def control(self, name, environ, body, start):
        request = parsed(body)
        query = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", "")))
        handlers = {
            "calls": lambda: self.calls,
            "fault": lambda: self.faults.append(request),
            "secret": lambda: self.add_secret(request),
            "rotation": lambda: self.play(request),
            "service": lambda: self.ecs.add(request),
            "function": lambda: self.functions.add(request),
            "tasks": lambda: self.ecs.running(),
        }
        if name == "function" and environ["REQUEST_METHOD"] == "GET":
            return respond_json(start, self.functions.show(query["name"]))
        if name not in handlers:
            return respond_json(start, {"error": f"no {name}"}, "404 Not Found")
        return respond_json(start, handlers[name]())

    def aws(self, target, request):
        """A call from inside, as a client would make it."""
        body = json.dumps(request).encode()
        service = SERVICES[target.partition(".")[0]]
        credential = f"Credential=test/20250101/{REGION}/{service}/aws4_request"
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "HTTP_HOST": f"{service}.{REGION}.amazonaws.com",
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
            "HTTP_X_AMZ_TARGET": target,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/x-amz-json-1.1",
        }
        status, _, answer = self.ask_moto(environ, body)
        if not status.startswith("2"):
            raise RuntimeError(f"{target}: {status}: {answer.decode()}")
        return json.loads(answer) if answer else {}

    def add_secret(self, request):
        made = self.aws("secretsmanager.CreateSecret", {"Name": request["name"], "SecretString": request["value"], "ClientRequestToken": str(uuid.uuid4())})
        name = "rotate-" + request["name"].strip("/").replace("/", "-")
        function = self.functions.add({"name": name, "environment": {}})
        secret = self.secret(made["ARN"])
        secret.rotation_requested = secret.rotation_enabled = True
        secret.rotation_lambda_arn = function["arn"]
        secret.auto_rotate_after_days = 30
        secret.last_changed_date = time.time() - 30 * 86400
        secret.next_rotation_date = int(time.time()) + (3600 if request.get("announced") else 20 * 86400)
        self.aws("Logs_20140328.CreateLogGroup", {"logGroupName": f"/aws/lambda/{name}"})
        self.aws("Logs_20140328.CreateLogStream", {"logGroupName": f"/aws/lambda/{name}", "logStreamName": "one"})
        return {"arn": made["ARN"], "version": made["VersionId"], "log_group": f"/aws/lambda/{name}"}

    def play(self, request):
        """One step of a rotation. The database is the test's."""
        arn, step, version = request["secret"], request["step"], request.get("version")
        said = {
            "create": f"createSecret: Successfully put secret for ARN {arn} and version {version}.",
            "set": f"setSecret: Successfully set password for user app in {request.get('engine', ENGINE)} DB for secret arn {arn}.",
            "test": f"testSecret: Successfully signed into {request.get('engine', ENGINE)} DB with AWSPENDING secret in {arn}.",
            "finish": f"finishSecret: Successfully set AWSCURRENT stage to version {version} for secret {arn}.",
        }
        answer = {}
        if step == "begin":
            answer = {"version": self.begin(arn)}
        if step == "create":
            self.aws("secretsmanager.PutSecretValue", {"SecretId": arn, "ClientRequestToken": version, "SecretString": request["value"], "VersionStages": ["AWSPENDING"]})
        if step == "finish":
            self.aws("secretsmanager.UpdateSecretVersionStage", {"SecretId": arn, "VersionStage": "AWSCURRENT", "MoveToVersionId": version, "RemoveFromVersionId": self.current_version(arn)})
        self.touch(arn)
        if request.get("log", True) and step in said:
            self.log(arn, said[step])
        return answer

    def begin(self, arn):
        """RotateSecret: AWSPENDING on a version without a value, and off wherever it lingered."""
        versions = self.secret(arn).versions
        for version in versions.values():
            version["version_stages"] = [stage for stage in version["version_stages"] if stage != "AWSPENDING"]
        token = str(uuid.uuid4())
        versions[token] = {"createdate": int(time.time()), "version_id": token, "version_stages": ["AWSPENDING"]}
        return token

    def log(self, arn, line):
        function = self.secret(arn).rotation_lambda_arn.rpartition(":")[2]
        event = {"timestamp": int(time.time() * 1000), "message": f"[INFO]\t{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime())}\t{uuid.uuid4()}\t{line}\n"}
        self.aws("Logs_20140328.PutLogEvents", {"logGroupName": f"/aws/lambda/{function}", "logStreamName": "one", "logEvents": [event]})


def parsed(body):
    try:
        return json.loads(body) if body else {}
    except ValueError:
        return {}


def subject(environ, request):
    """What a call is about. Never a value."""
    for key in ("SecretId", "service", "serviceName", "cluster", "logGroupName", "taskDefinition"):
        if isinstance(request.get(key), str):
            return request[key]
    if environ["PATH_INFO"] != "/":
        return Lambda.name_of(environ["PATH_INFO"])
    return ""


def identified(length):
    """AWS's answers carry an id; the server adds the Date."""
    return [("x-amzn-requestid", str(uuid.uuid4())), ("Content-Length", str(length))]


def respond(start, status, body, kind):
    start(status, [("Content-Type", kind), *identified(len(body))])
    return [body]


def respond_json(start, answer, status="200 OK", code=None):
    body = b"" if status.startswith("204") else json.dumps(answer).encode()
    headers = [("Content-Type", "application/x-amz-json-1.1"), *identified(len(body))]
    if code:
        headers.append(("x-amzn-ErrorType", code))
    start(status, headers)
    return [body]


class Handler(WSGIRequestHandler):
    """Keeps connections open, as AWS does, and says nothing of each request."""

    protocol_version = "HTTP/1.1"

    def log(self, type, message, *args):
        if type == "error":
            print(message % args if args else message, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description="A stand-in for AWS, for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--step-ms", type=int, default=300, help="how long a task takes to start, and again to be healthy")
    options = parser.parse_args()
    server = make_server("127.0.0.1", options.port, Account(options.step_ms / 1000), threaded=True, request_handler=Handler)
    print(f"listening http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
