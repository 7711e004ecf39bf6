"""CloudWatch Logs: a log group is read in the order of time, and written to."""

import time
import uuid
from datetime import datetime, timezone

from moto.logs import models

from .wire import ACCOUNT

_plain_filter = models.LogGroup.filter_log_events


def correct():
    """moto gives stream after stream unless told to interleave them, which AWS always does."""
    models.LogGroup.filter_log_events = _in_order


def _in_order(group, name, streams, start, end, limit, token, pattern, _interleaved):
    return _plain_filter(group, name, streams, start, end, limit, token, pattern, True)


def write(region, group, lines):
    """One event a line, in a stream as Lambda names them. Makes group and stream."""
    backend = models.logs_backends[ACCOUNT][region]
    stream = f"{datetime.now(timezone.utc):%Y/%m/%d}/[$LATEST]{uuid.uuid5(uuid.NAMESPACE_DNS, group).hex}"
    backend.ensure_log_group(group)
    backend.ensure_log_stream(group, stream)
    at = int(time.time() * 1000)
    backend.put_log_events(group, stream, [{"timestamp": at, "message": line} for line in lines])
