"""Lambda's revisions, updates and pages, which moto leaves out (aws-facts: Lambda)."""

import base64
import json
import time
import uuid
from datetime import datetime, timezone

from moto.awslambda import models
from moto.awslambda.utils import get_backend
from moto.core.config import default_user_config
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from .wire import ACCOUNT, AwsError

ROLE = f"arn:aws:iam::{ACCOUNT}:role/lambda"
_ENVIRONMENT_LIMIT = 4096
_LEAST_UNRESERVED, _QUOTA = 100, 1000
_EMPTY_ZIP = base64.b64encode(b"PK\x05\x06" + bytes(18)).decode()
_PAGED = {"ListFunctions": "Functions", "ListAliases": "Aliases", "ListVersionsByFunction": "Versions"}
_PAGE = 50
# Some of those that Lambda lets no function be updated with any more.
_BLOCKED_RUNTIMES = ("nodejs12.x", "python3.7")

_plain_configuration = models.LambdaFunction.get_configuration
_plain_update = models.LambdaFunction.update_configuration


def fill():
    """What moto leaves out and no client can do without: a RevisionId, one that never moves. Functions run nothing."""
    default_user_config["lambda"] = {"use_docker": False}

    def filled(function, on_create=False):
        return {"RevisionId": "the-only-one"} | _plain_configuration(function, on_create)

    models.LambdaFunction.get_configuration = filled


def correct(timing):
    """An update takes `timing.update`, and moves revision and time."""

    def update(function, changes):
        _plain_update(function, changes)
        logging = changes.get("LoggingConfig") or {}
        function.log_group = logging.get("LogGroup", _log_group(function))
        function.revision = str(uuid.uuid4())
        function.last_modified = _now()
        function.updating_until = time.time() + timing.update
        return function.get_configuration()

    models.LambdaFunction.update_configuration = update
    models.LambdaFunction.get_configuration = configuration


def _now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _log_group(function):
    return getattr(function, "log_group", f"/aws/lambda/{function.function_name}")


def _is_updating(function):
    return time.time() < getattr(function, "updating_until", 0)


def configuration(function, on_create=False):
    """A function's configuration. Where its key is out of reach, an error stands in place of the variables."""
    if not hasattr(function, "revision"):
        function.revision = str(uuid.uuid4())
    shown = _plain_configuration(function, on_create) | {
        "RevisionId": function.revision,
        "LastUpdateStatus": "InProgress" if _is_updating(function) else "Successful",
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": _log_group(function)},
    }
    shown |= getattr(function, "shown_beside", {})
    if getattr(function, "key_denied", False):
        message = "Lambda was unable to decrypt your environment variables because the KMS access was denied."
        shown["Environment"] = {"Error": {"ErrorCode": "AccessDeniedException", "Message": message}}
    return shown


def find(region, name):
    """By name or ARN; `None` where there is none."""
    name = name.split(":function:")[-1].split(":")[0]
    functions = get_backend(ACCOUNT, region).list_functions()
    return next((function for function in functions if function.function_name == name), None)


def log_group(region, name):
    function = find(region, name)
    return _log_group(function) if function else f"/aws/lambda/{name.split(':function:')[-1]}"


def create(region, name, variables=None, log_group=None, key_denied=False, tags=None, runtime="python3.12", shown=None):
    """A function that exists, and does nothing. `shown` stands in its configuration: CapacityProviderConfig and others."""
    ensure_role(ROLE)
    function = get_backend(ACCOUNT, region).create_function(
        {
            "FunctionName": name,
            "Runtime": runtime,
            "Role": ROLE,
            "Handler": "lambda_function.lambda_handler",
            "Code": {"ZipFile": _EMPTY_ZIP},
            "Environment": {"Variables": variables or {}},
            "Tags": tags or {},
        }
    )
    function.key_denied = key_denied
    function.shown_beside = shown or {}
    if log_group:
        function.log_group = log_group
    return function


def ensure_role(arn):
    """moto wants the role of a function to exist."""
    backend = iam_backends[ACCOUNT]["aws"]
    try:
        backend.get_role_by_arn(arn)
    except NotFoundException:
        trust = {"Service": "lambda.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        backend.create_role(arn.rsplit("/", 1)[1], document, "/", None, "", [], "3600")


def before(request):
    """Refuses what AWS refuses and moto does not."""
    if request.operation == "CreateFunction":
        ensure_role(request.parameters.get("Role", ROLE))
        return
    function = find(request.region, request.parameters.get("FunctionName", ""))
    if function is None:
        return
    if request.operation in ("UpdateFunctionConfiguration", "UpdateFunctionCode", "PublishVersion"):
        _check_runtime(function)
        _check_idle(function)
        _check_revision(function, request.parameters.get("RevisionId"))
        _check_environment(request.parameters.get("Environment"))
    if request.operation == "PutFunctionConcurrency":
        _check_unreserved(request, function)


def _check_runtime(function):
    if function.run_time in _BLOCKED_RUNTIMES:
        message = (
            f"The runtime parameter of {function.run_time} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
        raise AwsError("InvalidParameterValueException", message)


def _check_idle(function):
    if _is_updating(function):
        message = (
            "The operation cannot be performed at this time. An update is in progress for resource: "
            f"{function.function_arn}"
        )
        raise AwsError("ResourceConflictException", message, 409)


def _check_revision(function, expected):
    if expected and expected != configuration(function)["RevisionId"]:
        message = (
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id"
        )
        raise AwsError("PreconditionFailedException", message, 412)


def _check_environment(environment):
    """AWS's refusal quotes the variables."""
    measured = json.dumps((environment or {}).get("Variables", {}), separators=(",", ":"))
    if len(measured.encode()) > _ENVIRONMENT_LIMIT:
        message = (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured}"
        )
        raise AwsError("InvalidParameterValueException", message)


def _check_unreserved(request, function):
    functions = get_backend(ACCOUNT, request.region).list_functions()
    others = sum(int(other.reserved_concurrency or 0) for other in functions if other is not function)
    if _QUOTA - others - int(request.parameters["ReservedConcurrentExecutions"]) < _LEAST_UNRESERVED:
        message = (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{_LEAST_UNRESERVED}]."
        )
        raise AwsError("InvalidParameterValueException", message)


def provisioned(request):
    """ListProvisionedConcurrencyConfigs: no function here has any."""
    if find(request.region, request.parameters["FunctionName"]) is None:
        raise AwsError("ResourceNotFoundException", f"Function not found: {request.parameters['FunctionName']}", 404)
    return {"ProvisionedConcurrencyConfigs": []}


def after(request, answer):
    """Pages, and an absent concurrency left out."""
    if request.operation in _PAGED:
        return _page(request.parameters, answer, _PAGED[request.operation])
    if request.operation == "GetFunctionConcurrency" and answer.get("ReservedConcurrentExecutions") is None:
        return {}
    return answer


def _page(parameters, answer, key):
    start = int(parameters.get("Marker") or 0)
    end = start + min(int(parameters.get("MaxItems") or _PAGE), _PAGE)
    entries = answer.get(key, [])
    page = answer | {key: entries[start:end]}
    return page | ({"NextMarker": str(end)} if end < len(entries) else {})
