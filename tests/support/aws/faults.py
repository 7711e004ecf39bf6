"""Answers that go wrong, on order."""

import select
import socket
import threading
from dataclasses import dataclass

from .wire import ACCOUNT, Answer, AwsError, failure

KINDS = ("throttle", "denied", "500", "timeout", "cut", "html")
_ANY = "*"
_LONGEST_HOLD = 60.0
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
_THROTTLED = {"lambda": ("TooManyRequestsException", 429), "iam": ("Throttling", 400), "sts": ("Throttling", 400)}
# Rights are named after the service, requests after its endpoint.
_PREFIX = {"monitoring": "cloudwatch"}
_BROKEN = {"secretsmanager": "InternalServiceError", "ecs": "ServerException", "lambda": "ServiceException"}


@dataclass
class Fault:
    service: str
    operation: str
    kind: str
    # So many calls more; `None` is for ever.
    times: int | None = 1
    # Whether the operation is carried out before its answer goes wrong.
    takes_effect: bool = False

    def concerns(self, request):
        return self.service in (_ANY, request.service) and self.operation in (_ANY, request.operation)


class Faults:
    def __init__(self):
        self._lock = threading.Lock()
        self._faults = []

    def add(self, order):
        fault = Fault(
            service=order.get("service", _ANY),
            operation=order.get("operation", _ANY),
            kind=str(order["kind"]),
            times=order.get("times", 1),
            takes_effect=order.get("takes_effect", False),
        )
        if fault.kind not in KINDS:
            raise ValueError(f"no such fault: {fault.kind}; there are {', '.join(KINDS)}")
        with self._lock:
            self._faults.append(fault)

    def clear(self):
        with self._lock:
            self._faults.clear()

    def take(self, request):
        """The fault that this call meets, if any: the first that was ordered for it."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.concerns(request)), None)
            if fault is None or fault.times is None:
                return fault
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
            return fault


def spoil(kind, request):
    """The answer of a fault; `None` where there is none at all."""
    if kind == "html":
        return Answer(502, _HTML, "text/html", from_aws=False)
    if kind in ("timeout", "cut"):
        connection = request.environ["werkzeug.socket"]
        if kind == "timeout":
            _hold(connection)
        _hang_up(connection)
        return None
    return failure(request.service, _error(kind, request))


def _error(kind, request):
    if kind == "throttle":
        code, status = _THROTTLED.get(request.service, ("ThrottlingException", 400))
        return AwsError(code, "Rate exceeded", status)
    if kind == "denied":
        action = f"{_PREFIX.get(request.service, request.service)}:{request.operation}"
        message = (
            f"User: arn:aws:sts::{ACCOUNT}:assumed-role/rotation-watchdog/session is not authorized to perform: "
            f"{action} on resource: {_resource(request.parameters)} because no identity-based policy allows the "
            f"{action} action"
        )
        return AwsError("AccessDeniedException", message, 403 if request.service == "lambda" else 400)
    return AwsError(_BROKEN.get(request.service, "InternalFailure"), "An internal error occurred.", 500)


def _resource(parameters):
    """What the call is about; of several things, the first."""
    names = ("SecretId", "service", "services", "tasks", "FunctionName", "Resource", "logGroupName", "cluster")
    found = next((parameters[name] for name in names if parameters.get(name)), _ANY)
    return found[0] if isinstance(found, list) else found


def _hold(connection):
    """Until the client gives up, within a bound."""
    select.select([connection], [], [], _LONGEST_HOLD)


def _hang_up(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The client was first.
        pass
