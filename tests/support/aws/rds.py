"""RDS: moto's databases, with the states that it never shows and an address of the test's own."""

from moto.ec2.models import ec2_backends
from moto.rds.models import DBInstance, rds_backends

from .wire import ACCOUNT

_RESET = "DB_INSTANCE_RESET_MASTER_CREDENTIALS"
# Never shown: AWS answers with stars.
_PENDING = {"MasterUserPassword": "****"}


def correct():
    """An instance's address may be the test's: moto's names resolve nowhere."""
    generated = DBInstance.address.fget
    DBInstance.address = property(lambda self: getattr(self, "told_address", None) or generated(self))


def backend_of(region):
    return rds_backends[ACCOUNT][region]


def put(given, region):
    """Makes an instance, or changes how it stands: its status, a password on its way, an event that it was set."""
    backend, identifier = backend_of(region), given["identifier"]
    instance = backend.databases.get(identifier) or _create(backend, given)
    instance.told_address = given.get("address", getattr(instance, "told_address", None))
    instance.status = given.get("status", instance.status)
    instance.pending_modified_values = _PENDING if given.get("pending") else {}
    if given.get("reset"):
        instance.add_event(_RESET)
    managed = getattr(instance, "master_user_secret", None)
    return {"arn": instance.arn, "secret": managed.secret_arn if managed else None}


def _create(backend, given):
    options = {
        "db_instance_identifier": given["identifier"],
        "engine": given.get("engine", "mysql"),
        "port": given.get("port", 3306),
        "master_username": given.get("user", "admin"),
        "allocated_storage": 20,
        "db_instance_class": "db.t3.micro",
    }
    password = {"manage_master_user_password": True} if given.get("managed") else {"master_user_password": "not-shown-1"}
    return backend.create_db_instance(options | password)


def put_proxy(given, region):
    """A proxy that logs in with these secrets."""
    subnet = next(iter(ec2_backends[ACCOUNT][region].describe_subnets()))
    auth = [{"AuthScheme": "SECRETS", "SecretArn": arn, "IAMAuth": "DISABLED"} for arn in given["secrets"]]
    role = f"arn:aws:iam::{ACCOUNT}:role/proxy"
    proxy = backend_of(region).create_db_proxy(
        given["name"], "MYSQL", auth, role, [subnet.id], None, True, None, None, None
    )
    return {"endpoint": proxy.endpoint}
