"""Secrets Manager's rules for versions and staging labels, where moto's differ from AWS's (aws-facts: Staging labels).

`correct()` replaces methods of moto's own model; protocol, paging of secrets and tags stay moto's.
"""

import json
import time
import uuid

from moto.secretsmanager import models
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceExistsException,
    ResourceNotFoundException,
    SecretNotFoundException,
)

from .wire import ACCOUNT

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
_DAY = 86_400


def correct():
    backend, secret = models.SecretsManagerBackend, models.FakeSecret
    backend.put_secret_value = put_value
    backend.get_secret_value = get_value
    backend.update_secret_version_stage = move_label
    backend.rotate_secret = rotate
    backend.list_secret_version_ids = list_versions
    secret._form_version_ids_to_stages = labelled
    secret.reset_default_version = _promote_new


def backend_of(region):
    return models.secretsmanager_backends[ACCOUNT][region]


def find(backend, secret_id):
    if secret_id not in backend.secrets:
        raise SecretNotFoundException()
    return backend.secrets[secret_id]


def _find_live(backend, secret_id):
    secret = find(backend, secret_id)
    if secret.is_deleted():
        message = "You can't perform this operation on the secret because it was marked for deletion."
        raise InvalidRequestException(message)
    return secret


def has_value(version):
    return "secret_string" in version or "secret_binary" in version


def holder(secret, label):
    """The version that carries the label."""
    return next((name for name, version in secret.versions.items() if label in version["version_stages"]), None)


def labelled(secret):
    """DescribeSecret lists labelled versions only, with a value or without."""
    return {name: version["version_stages"] for name, version in secret.versions.items() if version["version_stages"]}


def _new_version(secret, name, labels=()):
    version = {"version_id": name, "createdate": time.time(), "version_stages": []}
    secret.versions[name] = version
    for label in labels:
        _attach(secret, label, name)
    return version


def _attach(secret, label, name):
    """Moves a label to a version. AWSPREVIOUS follows AWSCURRENT by itself."""
    before = holder(secret, label)
    if before == name:
        return
    if before:
        secret.versions[before]["version_stages"].remove(label)
    secret.versions[name]["version_stages"].append(label)
    if label == CURRENT:
        secret.set_default_version_id(name)
        _detach(secret, PREVIOUS)
        if before:
            secret.versions[before]["version_stages"].append(PREVIOUS)


def _detach(secret, label):
    name = holder(secret, label)
    if name:
        secret.versions[name]["version_stages"].remove(label)


def _promote_new(secret, version, name):
    """UpdateSecret with a value: a new version takes AWSCURRENT."""
    labels = version["version_stages"]
    secret.versions[name] = version | {"version_stages": []}
    for label in labels:
        _attach(secret, label, name)


def put_value(backend, secret_id, secret_string, secret_binary, client_request_token, version_stages):
    """PutSecretValue. A version's value is written once; the same value again changes nothing."""
    secret = _find_live(backend, secret_id)
    name = backend._from_client_request_token(client_request_token)
    value = {"secret_string": secret_string, "secret_binary": secret_binary}
    value = {key: given for key, given in value.items() if given is not None}
    if not value:
        raise InvalidParameterException("You must provide either SecretString or SecretBinary.")
    version = secret.versions.get(name)
    if version and has_value(version):
        _same_value_or_refuse(secret, version, value)
    else:
        labels = list(version_stages or [CURRENT])
        if not secret.versions and CURRENT not in labels:
            labels.append(CURRENT)
        version = version or _new_version(secret, name)
        version.update(value)
        for label in labels:
            _attach(secret, label, name)
        secret.last_changed_date = time.time()
    return secret.to_short_dict(include_version_stages=True, version_id=name)


def _same_value_or_refuse(secret, version, value):
    if any(version.get(key) != value.get(key) for key in ("secret_string", "secret_binary")):
        raise ResourceExistsException(
            f"You can't use ClientRequestToken {version['version_id']} because that value is already in use for a "
            f"version of secret {secret.arn}."
        )


def get_value(backend, secret_id, version_id, version_stage):
    """GetSecretValue; AWSCURRENT where neither version nor label is named."""
    secret = _find_live(backend, secret_id)
    label = version_stage or (None if version_id else CURRENT)
    name = version_id or holder(secret, label)
    version = secret.versions.get(name)
    if version is None or not has_value(version):
        what = f"VersionId: {version_id}" if version_id else f"staging label: {label}"
        raise ResourceNotFoundException(f"Secrets Manager can't find the specified secret value for {what}")
    if label and label not in version["version_stages"]:
        raise InvalidRequestException("You provided a VersionStage that is not associated to the provided VersionId.")
    found = {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": name,
        "VersionStages": version["version_stages"],
        "CreatedDate": version["createdate"],
    }
    values = {"SecretString": version.get("secret_string"), "SecretBinary": version.get("secret_binary")}
    return found | {key: value for key, value in values.items() if value is not None}


def move_label(backend, secret_id, version_stage, remove_from_version_id, move_to_version_id):
    """UpdateSecretVersionStage: checked whole before anything moves."""
    secret = find(backend, secret_id)
    for name in (remove_from_version_id, move_to_version_id):
        if name and name not in secret.versions:
            raise ResourceNotFoundException(f"Secrets Manager can't find the specified secret version: {name}.")
    held_by = holder(secret, version_stage)
    allowed = (remove_from_version_id,) if remove_from_version_id else (None, move_to_version_id)
    if held_by not in allowed:
        raise InvalidParameterException(_wrong_holder(version_stage, held_by, remove_from_version_id))
    if move_to_version_id:
        _check_movable(secret, version_stage, move_to_version_id)
        started_by_rotation = holder(secret, PENDING) == move_to_version_id
        _attach(secret, version_stage, move_to_version_id)
        if version_stage == CURRENT and started_by_rotation:
            _end_rotation(secret)
    elif version_stage == CURRENT:
        raise InvalidParameterException("You can only move the staging label AWSCURRENT to another version.")
    else:
        _detach(secret, version_stage)
    secret.last_changed_date = time.time()
    return secret.arn, secret.name


def _wrong_holder(label, held_by, named):
    if not held_by:
        return f"The staging label {label} is not attached to version {named}."
    if not named:
        return (
            f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to version "
            f"{held_by}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    return (
        f"The parameter RemoveFromVersionId is not valid. Staging label {label} is currently attached to version "
        f"{held_by}, not to {named}."
    )


def _check_movable(secret, label, name):
    if label == CURRENT and not has_value(secret.versions[name]):
        raise InvalidRequestException(f"You can't move {CURRENT} to version {name}, which has no value.")


def _end_rotation(secret):
    secret.last_rotation_date = time.time()
    if secret.auto_rotate_after_days:
        secret.next_rotation_date = time.time() + secret.auto_rotate_after_days * _DAY


def rotate(
    backend,
    secret_id,
    client_request_token=None,
    rotation_lambda_arn=None,
    rotation_rules=None,
    rotate_immediately=True,
):
    """RotateSecret: an AWSPENDING version without a value. The steps are the test's to play."""
    secret = find(backend, secret_id)
    lambda_arn = rotation_lambda_arn or secret.rotation_lambda_arn
    if not lambda_arn:
        raise InvalidRequestException("No Lambda rotation function ARN is associated with this secret.")
    name = client_request_token or str(uuid.uuid4())
    backend._client_request_token_validator(name)
    pending = holder(secret, PENDING)
    if pending and pending not in (name, holder(secret, CURRENT)):
        raise InvalidRequestException("A previous rotation isn't complete. That rotation will be reattempted.")
    enable_rotation(secret, lambda_arn, rotation_rules or {})
    # Without an immediate rotation AWS makes a version and removes it again, only to run testSecret.
    if rotate_immediately and name not in secret.versions:
        _new_version(secret, name, [PENDING])
        secret.last_changed_date = time.time()
    return json.dumps({"ARN": secret.arn, "Name": secret.name, "VersionId": name})


def enable_rotation(secret, lambda_arn, rules):
    secret.rotation_requested = secret.rotation_enabled = True
    secret.rotation_lambda_arn = lambda_arn
    days = rules.get("AutomaticallyAfterDays")
    if days:
        secret.auto_rotate_after_days = days
        secret.next_rotation_date = time.time() + days * _DAY


def list_versions(backend, secret_id):
    """ListSecretVersionIds: only versions with a value. `after` picks the labelled ones of them."""
    secret = find(backend, secret_id)
    versions = [
        {"VersionId": name, "VersionStages": version["version_stages"], "CreatedDate": version["createdate"]}
        for name, version in secret.versions.items()
        if has_value(version)
    ]
    return json.dumps({"ARN": secret.arn, "Name": secret.name, "Versions": versions})


def after(request, answer):
    """Of ListSecretVersionIds, the page that the parameters ask for. Of DescribeSecret, also what moto has not."""
    if request.operation == "DescribeSecret":
        secret = find(backend_of(request.region), request.parameters["SecretId"])
        return answer | getattr(secret, "described", {})
    if request.operation != "ListSecretVersionIds":
        return answer
    parameters = request.parameters
    versions = answer.get("Versions", [])
    if not parameters.get("IncludeDeprecated"):
        versions = [version for version in versions if version["VersionStages"]]
    start = int(parameters.get("NextToken") or 0)
    end = start + int(parameters.get("MaxResults") or 100)
    page = answer | {"Versions": versions[start:end]}
    return page | ({"NextToken": str(end)} if end < len(versions) else {})
