"""A rotation Lambda of AWS's templates, played a step at a time (aws-facts: The rotation Lambda's log).

The database is the test's: `set` and `test` only write what the Lambda would have logged.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timezone

from . import functions, logs, secrets
from .wire import REGION

STEPS = ("start", "create", "set", "test", "finish", "log")

_FUNCTIONS = {"create": "create_secret", "set": "set_secret", "test": "test_secret", "finish": "finish_secret"}
_FAILURES = {
    "create": "Secret version {version} has no stage for rotation of secret {arn}.",
    "set": "setSecret: Unable to log into database with previous, current, or pending secret of secret arn {arn}",
    "test": "testSecret: Unable to log into database with pending secret of secret ARN {arn}",
    "finish": "Secret version {version} not set as AWSPENDING for rotation of secret {arn}.",
}


@dataclass
class Order:
    """One step of one secret's rotation."""

    step: str
    secret: object
    region: str
    version: str | None
    value: str | None
    engine: str
    user: str
    alternating: bool
    fails: bool
    logged: bool
    message: str | None
    group: str | None
    function: str

    @classmethod
    def read(cls, given):
        region = given.get("region", REGION)
        step = given["step"]
        if step not in STEPS:
            raise ValueError(f"no such step: {step}; there are {', '.join(STEPS)}")
        secret = secrets.find(secrets.backend_of(region), given["secret"])
        return cls(
            step=step,
            secret=secret,
            region=region,
            version=given.get("version") or secrets.holder(secret, secrets.PENDING),
            value=given.get("value"),
            engine=given.get("engine", "MySQL"),
            user=given.get("user", "app"),
            alternating=given.get("alternating", False),
            fails=given.get("fails", False),
            logged=given.get("logged", True),
            message=given.get("message"),
            group=given.get("group"),
            function=given.get("function") or secret.rotation_lambda_arn.split(":function:")[-1],
        )

    @property
    def backend(self):
        return secrets.backend_of(self.region)

    def log_group(self):
        return self.group or functions.log_group(self.region, self.secret.rotation_lambda_arn)


def play(given):
    """Carries a step out and logs it as the Lambda would. The version that rotates, and the lines."""
    order = Order.read(given)
    lines = []
    if order.step == "start":
        order.version = _start(order)
    elif order.step == "log":
        lines = [order.message]
    else:
        lines = _invoke(order)
    if lines and order.logged:
        logs.write(order.region, order.log_group(), lines, order.function)
    return {"secret": order.secret.arn, "version": order.version, "lines": lines if order.logged else []}


def _start(order):
    """RotateSecret by the schedule: nobody calls an operation."""
    version = order.version if order.version not in order.secret.versions else None
    version = version or str(uuid.uuid4())
    order.backend.rotate_secret(order.secret.arn, version, order.secret.rotation_lambda_arn)
    return version


def _invoke(order):
    if order.version is None:
        raise ValueError(f"no version of {order.secret.name} carries AWSPENDING: start the rotation first")
    invocation = str(uuid.uuid4())
    told = _failure(order, invocation) if order.fails else [_line("INFO", invocation, _DO[order.step](order))]
    return [
        f"START RequestId: {invocation} Version: $LATEST\n",
        *told,
        f"END RequestId: {invocation}\n",
        f"REPORT RequestId: {invocation}\tDuration: 84.12 ms\tBilled Duration: 85 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 74 MB\t\n",
    ]


def _failure(order, invocation):
    """The function's own line, then the runtime's with the traceback."""
    text = _FAILURES[order.step].format(arn=order.secret.arn, version=order.version)
    trace = (
        f"[ERROR] ValueError: {text}\nTraceback (most recent call last):\n"
        f'  File "/var/task/lambda_function.py", line 74, in lambda_handler\n'
        f"    {_FUNCTIONS[order.step]}(service_client, arn, token)\n"
    )
    return [_line("ERROR", invocation, text), trace]


def _line(level, invocation, text):
    at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return f"[{level}]\t{at}Z\t{invocation}\t{text}\n"


def _create(order):
    arn, version = order.secret.arn, order.secret.versions.get(order.version)
    if version and secrets.has_value(version):
        return f"createSecret: Successfully retrieved secret for {arn}."
    if order.value is None:
        raise ValueError("the step create needs a value")
    order.backend.put_secret_value(arn, order.value, None, order.version, [secrets.PENDING])
    return f"createSecret: Successfully put secret for ARN {arn} and version {order.version}."


def _set(order):
    user = order.user if order.alternating else f"user {order.user}"
    return f"setSecret: Successfully set password for {user} in {order.engine} DB for secret arn {order.secret.arn}."


def _test(order):
    return f"testSecret: Successfully signed into {order.engine} DB with AWSPENDING secret in {order.secret.arn}."


def _finish(order):
    secret = order.secret
    current = secrets.holder(secret, secrets.CURRENT)
    if current == order.version:
        return f"finishSecret: Version {current} already marked as AWSCURRENT for {secret.arn}"
    order.backend.update_secret_version_stage(secret.arn, secrets.CURRENT, current, order.version)
    return f"finishSecret: Successfully set AWSCURRENT stage to version {order.version} for secret {secret.arn}."


_DO = {"create": _create, "set": _set, "test": _test, "finish": _finish}
