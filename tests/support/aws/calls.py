"""What was asked, for tests to look at: never a secret, never a variable's value."""

import threading
import time

_HIDDEN = {"SecretString", "SecretBinary", "ZipFile", "RandomPassword"}
# Names may be seen, values may not.
_NAMES_ONLY = {"Variables", "environment"}
_MOST_TEXT = 300


class Calls:
    def __init__(self):
        self._lock = threading.Lock()
        self._calls = []

    def begin(self, request):
        """Notes a call as it arrives. Who answers it fills in `status` and `fault`; no status, no answer."""
        call = {
            "time": time.time(),
            "service": request.service,
            "operation": request.operation,
            "region": request.region,
            "parameters": shown(request.parameters),
            "user_agent": request.user_agent,
            "status": None,
            "fault": None,
        }
        with self._lock:
            self._calls.append(call)
        return call

    def all(self):
        with self._lock:
            return [dict(call) for call in self._calls]

    def clear(self):
        with self._lock:
            self._calls.clear()


def shown(value):
    if isinstance(value, dict):
        return {key: _shown_member(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, str) and len(value) > _MOST_TEXT:
        return value[:_MOST_TEXT] + "…"
    return value


def _shown_member(key, value):
    if key in _HIDDEN:
        return "…"
    if key in _NAMES_ONLY and isinstance(value, dict):
        return sorted(value)
    if key in _NAMES_ONLY and isinstance(value, list):
        return sorted(pair.get("name", "") for pair in value)
    return shown(value)
