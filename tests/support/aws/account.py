"""The account: each operation goes to ECS here, or to moto with its corrections."""

import io
import json
import os
import sys
import threading
import traceback

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from . import events, functions, logs, metrics, rds, secrets
from .ecs import Ecs
from .timing import Timing
from .wire import Answer, AwsError, content_type, failure, success

# The server's or the answer's own to add.
_DROPPED = {"date", "server", "content-type", "content-length", "x-amzn-requestid", "status", "connection"}


class Account:
    def __init__(self, plain_moto=False):
        """`plain_moto` leaves moto as it is, for the differences from AWS that tests/contract/exceptions.rs names."""
        self._plain = plain_moto
        self.timing = Timing()
        self.ecs = Ecs(self.timing)
        # moto's model is not made for threads.
        self.lock = threading.RLock()
        self._moto = DomainDispatcherApplication(create_backend_app)
        os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
        functions.fill()
        rds.correct()
        metrics.correct()
        if not plain_moto:
            secrets.correct()
            logs.correct()
            functions.correct(self.timing)

    def reset(self):
        with self.lock:
            moto_api_backend.reset()
            self.ecs.reset()
            self.timing.reset()
            logs.reset()

    def answer(self, request, body):
        if request.operation == "ReceiveMessage":
            wait = request.parameters.get("WaitTimeSeconds", 0)
            at_once = json.dumps(request.parameters | {"WaitTimeSeconds": 0}).encode()
            return events.long_poll(lambda: self._answer_alone(request, at_once), wait)
        return self._answer_alone(request, body)

    def _answer_alone(self, request, body):
        with self.lock:
            try:
                return self._answer(request, body)
            except AwsError as error:
                return failure(request.service, error)
            except Exception as error:
                if not self._plain:
                    traceback.print_exc(file=sys.stderr)
                return failure(request.service, AwsError("InternalFailure", f"the stand-in failed: {error!r}", 500))

    def _answer(self, request, body):
        if request.service == "ecs":
            return success("ecs", self.ecs.answer(request))
        # moto has no such call.
        if request.operation == "ListProvisionedConcurrencyConfigs":
            return success("lambda", functions.provisioned(request))
        if request.service == "lambda" and not self._plain:
            functions.before(request)
        if request.service == "logs" and not self._plain:
            logs.before(request)
        answer = self._ask_moto(request.service, request.environ, body)
        if _is_page(answer):
            raise AwsError("UnknownOperationException", f"the stand-in has no {request.service}:{request.operation}")
        return answer if self._plain else _corrected(request, answer)

    def _ask_moto(self, service, environ, body):
        head = {}

        def start(status, headers, exc_info=None):
            head.update(status=int(status.split()[0]), headers=headers)

        environ = environ | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        content = b"".join(self._moto(environ, start))
        headers = [(name, value) for name, value in head["headers"] if name.lower() not in _DROPPED]
        return Answer(head["status"], content, content_type(service), headers)


def _is_page(answer):
    """moto's answer to what it does not know."""
    return answer.status >= 400 and answer.body.lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _corrected(request, answer):
    if request.service == "secretsmanager" and answer.status == 404:
        answer.status = 400
    if answer.status >= 300:
        return answer
    correct = {"secretsmanager": secrets.after, "lambda": functions.after}.get(request.service)
    if correct and answer.body.strip():
        answer.body = json.dumps(correct(request, json.loads(answer.body))).encode()
    return answer
