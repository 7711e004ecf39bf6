"""CloudWatch Logs: a log group is read in the order of time, has a class, and is written to."""

import time
import uuid
from datetime import datetime, timezone

from moto.logs import models

from .wire import ACCOUNT, AwsError

_plain_filter = models.LogGroup.filter_log_events


def correct():
    """moto gives stream after stream unless told to interleave them, which AWS always does."""
    models.LogGroup.filter_log_events = _in_order


def _in_order(group, name, streams, start, end, limit, token, pattern, _interleaved):
    return _plain_filter(group, name, streams, start, end, limit, token, pattern, True)


# Region and name of each group of the class Infrequent Access.
_infrequent = set()


def reset():
    _infrequent.clear()


def before(request):
    """A group's class, which moto does not know. FilterLogEvents is not there for Infrequent Access."""
    group = (request.region, request.parameters.get("logGroupName"))
    if request.operation == "CreateLogGroup" and request.parameters.get("logGroupClass") == "INFREQUENT_ACCESS":
        _infrequent.add(group)
    elif request.operation == "DeleteLogGroup":
        _infrequent.discard(group)
    elif request.operation == "FilterLogEvents" and group in _infrequent:
        raise AwsError(
            "InvalidOperationException", "The operation is not supported for log groups of the INFREQUENT_ACCESS class."
        )


def write(region, group, lines, function):
    """One event a line, in a stream as Lambda names them: in a group that was given to it by its name. Makes both."""
    backend = models.logs_backends[ACCOUNT][region]
    name = "" if group == f"/aws/lambda/{function}" else function
    environment = uuid.uuid5(uuid.NAMESPACE_DNS, group + name).hex
    stream = f"{datetime.now(timezone.utc):%Y/%m/%d}/{name}[$LATEST]{environment}"
    backend.ensure_log_group(group)
    backend.ensure_log_stream(group, stream)
    at = int(time.time() * 1000)
    backend.put_log_events(group, stream, [{"timestamp": at, "message": line} for line in lines])
