"""Starts the stand-in and asks it everything that the tests rely on. Exits with 1 where an answer is wrong.

    python check_standin.py
"""

import datetime
import json
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from pathlib import Path

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

PASSWORD = "s3cr3t-marker"
REGION = "eu-west-1"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class World:
    """A running stand-in, and clients for it."""

    def __init__(self, url):
        self.url = url
        self._session = botocore.session.get_session()
        self._session.set_credentials("test", "test")

    def client(self, service):
        config = Config(retries={"total_max_attempts": 1}, read_timeout=1)
        return self._session.create_client(service, region_name=REGION, endpoint_url=self.url, config=config)

    def order(self, method, path, **body):
        data = json.dumps(body).encode() if method != "GET" else None
        request = urllib.request.Request(f"{self.url}/_standin/{path}", data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def post(self, path, **body):
        return self.order("POST", path, **body)

    def get(self, path):
        return self.order("GET", path)

    def secret(self, name="app/db"):
        return self.post("secret", name=name, value=f"{PASSWORD}-1", rotation_lambda="rotate-app")

    def rotate(self, secret, step, **more):
        return self.post("rotation", secret=secret["arn"], step=step, **more)


def code_of(call, **parameters):
    """The code of the error that a call must end in."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError(f"{call.__name__} succeeded")


def eventually(condition, seconds=3):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


@check
def labels_tell_the_phases_of_a_rotation(world):
    client, secret = world.client("secretsmanager"), world.secret()

    def labels():
        stages = client.describe_secret(SecretId=secret["arn"])["VersionIdsToStages"]
        return {label: version for version, held in stages.items() for label in held}

    def valued():
        return {version["VersionId"] for version in client.list_secret_version_ids(SecretId=secret["arn"])["Versions"]}

    old, new = secret["version"], world.rotate(secret, "start")["version"]
    assert labels() == {"AWSCURRENT": old, "AWSPENDING": new}
    assert valued() == {old}
    pending = {"SecretId": secret["arn"], "VersionStage": "AWSPENDING"}
    assert code_of(client.get_secret_value, **pending) == "ResourceNotFoundException"
    assert code_of(client.rotate_secret, SecretId=secret["arn"]) == "InvalidRequestException"
    world.rotate(secret, "create", value=f"{PASSWORD}-2")
    assert valued() == {old, new}
    assert client.get_secret_value(SecretId=secret["arn"])["VersionId"] == old
    assert client.get_secret_value(**pending)["SecretString"] == f"{PASSWORD}-2"
    for step in ("set", "test", "finish"):
        world.rotate(secret, step)
    assert labels() == {"AWSCURRENT": new, "AWSPENDING": new, "AWSPREVIOUS": old}
    assert client.get_secret_value(SecretId=secret["arn"])["VersionId"] == new
    third = world.rotate(secret, "start")["version"]
    assert labels() == {"AWSCURRENT": new, "AWSPENDING": third, "AWSPREVIOUS": old}


@check
def a_secret_is_described_as_it_was_ordered(world):
    described = {
        "PrimaryRegion": "us-east-1",
        "Type": "SalesforceClientSecret",
        "ExternalSecretRotationMetadata": [{"Key": "apiVersion", "Value": "v65.0"}],
    }
    secret = world.post("secret", name="app/partner", value=f"{PASSWORD}-1", described=described)
    found = world.client("secretsmanager").describe_secret(SecretId=secret["arn"])
    assert {key: found[key] for key in described} == described
    plain = world.client("secretsmanager").describe_secret(SecretId=world.secret("app/plain")["arn"])
    assert "Type" not in plain and "PrimaryRegion" not in plain


@check
def a_label_moves_only_from_the_version_that_holds_it(world):
    client, secret = world.client("secretsmanager"), world.secret()
    arn, old = secret["arn"], secret["version"]
    changed = client.describe_secret(SecretId=arn)["LastChangedDate"]
    time.sleep(0.05)
    new = client.put_secret_value(SecretId=arn, SecretString="x", VersionStages=["AWSPENDING"])["VersionId"]
    move = {"SecretId": arn, "VersionStage": "AWSCURRENT", "MoveToVersionId": new}
    assert code_of(client.update_secret_version_stage, **move) == "InvalidParameterException"
    assert code_of(client.update_secret_version_stage, **move, RemoveFromVersionId=new) == "InvalidParameterException"
    client.update_secret_version_stage(**move, RemoveFromVersionId=old)
    described = client.describe_secret(SecretId=arn)
    assert described["VersionIdsToStages"] == {old: ["AWSPREVIOUS"], new: ["AWSPENDING", "AWSCURRENT"]}
    assert described["LastChangedDate"] > changed
    assert described["LastRotatedDate"] >= described["LastChangedDate"] - datetime.timedelta(seconds=1)


@check
def a_version_is_written_once(world):
    client, secret = world.client("secretsmanager"), world.secret()
    token = "0" * 32
    put = {"SecretId": secret["arn"], "ClientRequestToken": token}
    client.put_secret_value(**put, SecretString="a")
    client.put_secret_value(**put, SecretString="a")
    assert code_of(client.put_secret_value, **put, SecretString="b") == "ResourceExistsException"
    assert client.get_secret_value(SecretId=secret["arn"])["VersionId"] == token
    client.update_secret(SecretId=secret["arn"], SecretString="c")
    stages = client.describe_secret(SecretId=secret["arn"])["VersionIdsToStages"]
    assert stages[token] == ["AWSPREVIOUS"] and secret["version"] not in stages
    assert len(client.list_secret_version_ids(SecretId=secret["arn"])["Versions"]) == 2
    assert len(client.list_secret_version_ids(SecretId=secret["arn"], IncludeDeprecated=True)["Versions"]) == 3
    assert code_of(client.list_secret_version_ids, SecretId="absent") == "ResourceNotFoundException"


@check
def secrets_are_listed_in_pages(world):
    for n in range(5):
        world.secret(f"app/{n}")
    paginator = world.client("secretsmanager").get_paginator("list_secrets")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["SecretList"]) for page in pages] == [2, 2, 1]
    assert pages[0]["SecretList"][0]["RotationEnabled"] is True


@check
def the_rotation_lambda_logs_as_templates_do(world):
    client, secret = world.client("logs"), world.secret()
    absent = {"logGroupName": "/aws/lambda/rotate-app"}
    assert code_of(client.filter_log_events, **absent) == "ResourceNotFoundException"
    arn, version = secret["arn"], world.rotate(secret, "start")["version"]
    world.rotate(secret, "create", value="x")
    world.rotate(secret, "set", engine="PostgreSQL", user="orders")
    world.rotate(secret, "set", user="orders_clone", alternating=True)
    world.rotate(secret, "test", fails=True)
    world.rotate(secret, "finish")
    world.rotate(secret, "log", message="Task timed out after 30.03 seconds")
    events = client.filter_log_events(logGroupName="/aws/lambda/rotate-app", startTime=0)["events"]
    text = "\n".join(event["message"] for event in events)
    for line in (
        f"createSecret: Successfully put secret for ARN {arn} and version {version}.",
        f"setSecret: Successfully set password for user orders in PostgreSQL DB for secret arn {arn}.",
        f"setSecret: Successfully set password for orders_clone in MySQL DB for secret arn {arn}.",
        f"testSecret: Unable to log into database with pending secret of secret ARN {arn}",
        "    test_secret(service_client, arn, token)",
        f"finishSecret: Successfully set AWSCURRENT stage to version {version} for secret {arn}.",
        "Task timed out after",
    ):
        assert line in text, line
    times = [event["timestamp"] for event in events]
    assert times == sorted(times) and all(event["eventId"] for event in events)


@check
def functions_share_a_log_group_and_name_their_streams(world):
    client = world.client("logs")
    world.post("function", name="rotate-app", log_group="/shared")
    secret = world.secret()
    world.rotate(secret, "log", message="ours")
    world.rotate(secret, "log", message="theirs", function="other")
    events = client.filter_log_events(logGroupName="/shared", startTime=0)["events"]
    streams = {event["message"]: event["logStreamName"].split("/")[3].split("[")[0] for event in events}
    assert streams == {"ours": "rotate-app", "theirs": "other"}


@check
def a_log_group_of_infrequent_access_is_not_filtered(world):
    client = world.client("logs")
    client.create_log_group(logGroupName="seldom", logGroupClass="INFREQUENT_ACCESS")
    assert code_of(client.filter_log_events, logGroupName="seldom") == "InvalidOperationException"
    client.delete_log_group(logGroupName="seldom")
    client.create_log_group(logGroupName="seldom")
    assert client.filter_log_events(logGroupName="seldom")["events"] == []


@check
def a_log_group_is_read_in_order_of_time(world):
    client, now = world.client("logs"), int(time.time() * 1000)
    client.create_log_group(logGroupName="g")
    for stream, offset in (("a", 0), ("b", 1)):
        client.create_log_stream(logGroupName="g", logStreamName=stream)
        events = [{"timestamp": now + 10 * n + offset, "message": f"{stream}{n}"} for n in range(3)]
        client.put_log_events(logGroupName="g", logStreamName=stream, logEvents=events)
    pages = client.get_paginator("filter_log_events").paginate(logGroupName="g", PaginationConfig={"PageSize": 4})
    assert [event["message"] for page in pages for event in page["events"]] == ["a0", "b0", "a1", "b1", "a2", "b2"]


@check
def a_task_is_given_what_its_reference_means(world):
    secret = world.secret()
    old, arn = secret["version"], secret["arn"]
    new = world.rotate(secret, "start")["version"]
    world.rotate(secret, "create", value="x")
    world.rotate(secret, "finish")
    partial = arn.rsplit("-", 1)[0]
    cases = {arn: new, partial: new, f"{arn}:password::": new, f"{arn}::AWSPREVIOUS:": old, f"{arn}:::{old}": old}
    for n, (reference, version) in enumerate(cases.items()):
        world.post("service", cluster="shop", name=f"s{n}", secrets=[reference])
        task = world.get(f"tasks?service=s{n}")["tasks"][0]
        assert task["versions"] == {arn: version}, (reference, task)


@check
def a_reference_without_the_six_characters_is_the_secrets_that_is_there(world):
    client = world.client("secretsmanager")

    def given():
        (task,) = [task for task in world.get("tasks")["tasks"] if task["group"] == "service:by-name"]
        return list(task["versions"])

    old = world.secret()["arn"]
    world.post("service", name="by-name", secrets=[old[:-7], "/aws/reference/secretsmanager/app/db"])
    assert given() == [old]
    client.delete_secret(SecretId=old, ForceDeleteWithoutRecovery=True)
    assert code_of(client.describe_secret, SecretId=old) == "ResourceNotFoundException"
    new = world.secret()["arn"]
    assert new != old and new[:-7] == old[:-7]
    ecs = world.client("ecs")
    ecs.update_service(service="by-name", forceNewDeployment=True)
    eventually(lambda: len([task for task in world.get("tasks")["tasks"] if task["group"] == "service:by-name"]) == 1)
    assert given() == [new]


@check
def an_express_service_names_its_task_definition_in_its_deployment(world):
    ecs, secret = world.client("ecs"), world.secret()
    container = {"image": "app", "secrets": [{"name": "DB", "valueFrom": secret["arn"]}]}
    ecs.create_express_gateway_service(
        executionRoleArn="arn:aws:iam::123456789012:role/e",
        infrastructureRoleArn="arn:aws:iam::123456789012:role/i",
        serviceName="web",
        primaryContainer=container,
    )
    (service,) = ecs.describe_services(services=["web"])["services"]
    assert "taskDefinition" not in service
    assert service["deploymentConfiguration"]["strategy"] == "CANARY"
    definition = ecs.describe_task_definition(taskDefinition=service["deployments"][0]["taskDefinition"])
    assert definition["taskDefinition"]["containerDefinitions"][0]["secrets"] == container["secrets"]


@check
def a_protected_task_outlives_a_deployment(world):
    ecs, secret = world.client("ecs"), world.secret()
    world.post("service", name="worker", secrets=[secret["arn"]])
    (old,) = ecs.list_tasks(serviceName="worker")["taskArns"]
    ecs.update_task_protection(cluster="default", tasks=[old], protectionEnabled=True, expiresInMinutes=5)
    ecs.update_service(service="worker", forceNewDeployment=True)
    time.sleep(0.3)
    assert old in ecs.list_tasks(serviceName="worker")["taskArns"]
    (told,) = ecs.get_task_protection(cluster="default", tasks=[old])["protectedTasks"]
    assert told["protectionEnabled"] and told["expirationDate"]


@check
def a_forced_deployment_replaces_tasks_over_time(world):
    client, secret = world.client("ecs"), world.secret()
    world.post("service", cluster="shop", name="web", desired=2, secrets=[f"{secret['arn']}:password::"])

    def service():
        return client.describe_services(cluster="shop", services=["web"])["services"][0]

    def tasks():
        arns = client.list_tasks(cluster="shop", serviceName="web", desiredStatus="RUNNING")["taskArns"]
        return client.describe_tasks(cluster="shop", tasks=arns)["tasks"]

    def held():
        running = world.get("tasks?cluster=shop&service=web")["tasks"]
        return {task["versions"][secret["arn"]] for task in running if task["lastStatus"] == "RUNNING"}

    before = service()["deployments"]
    assert [made["rolloutState"] for made in before] == ["COMPLETED"] and service()["runningCount"] == 2
    assert held() == {secret["version"]}
    new = world.rotate(secret, "start")["version"]
    world.rotate(secret, "create", value="x")
    world.rotate(secret, "finish")
    asked = datetime.datetime.now(datetime.timezone.utc)
    forced = client.update_service(cluster="shop", service="web", forceNewDeployment=True)["service"]["deployments"]
    assert [made["status"] for made in forced] == ["PRIMARY", "ACTIVE"] and forced[0]["rolloutState"] == "IN_PROGRESS"
    started = [task for task in tasks() if task["startedBy"] == forced[0]["id"]]
    assert len(started) == 2 and all(task["lastStatus"] == "PENDING" for task in started)
    assert all(task["createdAt"] >= asked - datetime.timedelta(seconds=1) for task in started)
    eventually(lambda: held() == {secret["version"], new})
    eventually(lambda: {task["startedBy"] for task in tasks()} == {forced[0]["id"]})
    assert all(task["healthStatus"] == "HEALTHY" for task in tasks())
    assert len(tasks()) == 2 and service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    eventually(lambda: service()["deployments"][0]["rolloutState"] == "COMPLETED")
    assert len(service()["deployments"]) == 1 and held() == {new}


@check
def a_failed_deployment_leaves_the_old_tasks(world):
    client = world.client("ecs")
    world.post("service", cluster="shop", name="web", fail_deployments=1)
    old = client.describe_services(cluster="shop", services=["web"])["services"][0]["deployments"][0]["id"]
    client.update_service(cluster="shop", service="web", forceNewDeployment=True)

    def deployments():
        return client.describe_services(cluster="shop", services=["web"])["services"][0]["deployments"]

    eventually(lambda: deployments()[0]["id"] == old and deployments()[1]["rolloutState"] == "FAILED")
    eventually(lambda: len(deployments()) == 1)
    arns = client.list_tasks(cluster="shop", serviceName="web")["taskArns"]
    assert [task["startedBy"] for task in client.describe_tasks(cluster="shop", tasks=arns)["tasks"]] == [old]


@check
def ecs_refuses_as_aws_does(world):
    client = world.client("ecs")
    assert code_of(client.list_services, cluster="absent") == "ClusterNotFoundException"
    world.post("service", cluster="shop", name="blue", controller="CODE_DEPLOY")
    update = {"cluster": "shop", "forceNewDeployment": True}
    assert code_of(client.update_service, **update, service="blue") == "InvalidParameterException"
    assert code_of(client.update_service, **update, service="absent") == "ServiceNotFoundException"
    answer = client.describe_services(cluster="shop", services=["absent"])
    assert answer["services"] == [] and answer["failures"][0]["reason"] == "MISSING"


@check
def ecs_is_built_and_listed_over_its_own_api(world):
    client = world.client("ecs")
    client.create_cluster(clusterName="shop")
    containers = [{"name": "app", "image": "app:1", "environment": [{"name": "A", "value": PASSWORD}]}]
    registered = client.register_task_definition(family="app", containerDefinitions=containers)
    arn = registered["taskDefinition"]["taskDefinitionArn"]
    for n in range(12):
        client.create_service(cluster="shop", serviceName=f"s{n}", taskDefinition="app", desiredCount=1)
    client.run_task(cluster="shop", taskDefinition="app")
    assert client.list_clusters()["clusterArns"] == [f"arn:aws:ecs:{REGION}:123456789012:cluster/shop"]
    pages = client.get_paginator("list_services").paginate(cluster="shop")
    assert sum(len(page["serviceArns"]) for page in pages) == 12
    assert len(client.list_tasks(cluster="shop")["taskArns"]) == 13
    described = client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    assert described["containerDefinitions"][0]["environment"] == containers[0]["environment"]
    client.delete_service(cluster="shop", service="s0", force=True)
    assert client.describe_services(cluster="shop", services=["s0"])["services"][0]["status"] == "INACTIVE"


@check
def a_function_is_updated_by_its_revision(world):
    client = world.client("lambda")
    arn = world.post("function", name="report", variables={"A": "1"}, tags={"team": "x"})["arn"]
    before = client.get_function(FunctionName="report")
    revision = before["Configuration"]["RevisionId"]
    update = {"FunctionName": "report", "Environment": {"Variables": {"A": "1", "B": "2"}}}
    assert code_of(client.update_function_configuration, **update, RevisionId="other") == "PreconditionFailedException"
    updated = client.update_function_configuration(**update, RevisionId=revision)
    assert updated["LastUpdateStatus"] == "InProgress" and updated["RevisionId"] != revision
    assert code_of(client.update_function_configuration, **update) == "ResourceConflictException"
    eventually(lambda: client.get_function_configuration(FunctionName=arn)["LastUpdateStatus"] == "Successful")
    after = client.get_function(FunctionName="report")
    assert after["Configuration"]["LastModified"] > before["Configuration"]["LastModified"]
    assert after["Configuration"]["Environment"]["Variables"] == {"A": "1", "B": "2"} and after["Tags"] == {"team": "x"}
    too_much = {"FunctionName": "report", "Environment": {"Variables": {"A": "x" * 4096}}}
    assert code_of(client.update_function_configuration, **too_much) == "InvalidParameterValueException"


@check
def a_functions_concurrency_and_tags_are_put_back(world):
    client = world.client("lambda")
    arn = world.post("function", name="report")["arn"]
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="report")
    client.put_function_concurrency(FunctionName="report", ReservedConcurrentExecutions=0)
    assert client.get_function_concurrency(FunctionName="report")["ReservedConcurrentExecutions"] == 0
    too_much = {"FunctionName": "report", "ReservedConcurrentExecutions": 901}
    assert code_of(client.put_function_concurrency, **too_much) == "InvalidParameterValueException"
    client.delete_function_concurrency(FunctionName="report")
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="report")
    client.tag_resource(Resource=arn, Tags={"sleep": "1"})
    assert client.get_function(FunctionName="report")["Tags"] == {"sleep": "1"}
    client.untag_resource(Resource=arn, TagKeys=["sleep"])
    assert not client.get_function(FunctionName="report").get("Tags")
    assert client.list_provisioned_concurrency_configs(FunctionName="report")["ProvisionedConcurrencyConfigs"] == []
    assert client.list_aliases(FunctionName="report")["Aliases"] == []
    assert code_of(client.get_function, FunctionName="absent") == "ResourceNotFoundException"


@check
def functions_are_listed_in_pages(world):
    for n in range(5):
        world.post("function", name=f"f{n}", key_denied=n == 0, log_group="/mine" if n == 1 else None)
    client = world.client("lambda")
    pages = list(client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Functions"]) for page in pages] == [2, 2, 1]
    denied = client.get_function_configuration(FunctionName="f0")["Environment"]
    assert denied["Error"]["ErrorCode"] == "AccessDeniedException" and "Variables" not in denied
    assert client.get_function_configuration(FunctionName="f1")["LoggingConfig"]["LogGroup"] == "/mine"


@check
def functions_say_what_they_run_on_and_whether_they_may_be_updated(world):
    client = world.client("lambda")
    config = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": "arn:aws:lambda:x"}}
    world.post("function", name="managed", shown={"CapacityProviderConfig": config})
    assert "CapacityProviderConfig" in client.get_function_configuration(FunctionName="managed")
    world.post("function", name="old", runtime="python3.7")
    changed = {"FunctionName": "old", "Environment": {"Variables": {"A": "1"}}}
    assert code_of(client.update_function_configuration, **changed) == "InvalidParameterValueException"


@check
def cloudwatch_speaks_cbor(world):
    client = world.client("cloudwatch")
    now = datetime.datetime.now(datetime.timezone.utc)
    client.put_metric_data(Namespace="app", MetricData=[{"MetricName": "errors", "Value": 2.5, "Timestamp": now}])
    metric = {"Namespace": "app", "MetricName": "errors"}
    query = {"Id": "e", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    hour = datetime.timedelta(hours=1)
    found = client.get_metric_data(MetricDataQueries=[query], StartTime=now - hour, EndTime=now + hour)
    assert found["MetricDataResults"][0]["Values"] == [2.5], found
    assert isinstance(found["MetricDataResults"][0]["Timestamps"][0], datetime.datetime)
    call = world.get("calls?service=monitoring&operation=GetMetricData")["calls"][0]
    assert call["parameters"]["MetricDataQueries"][0]["Id"] == "e"



@check
def cloudwatch_has_percentiles_and_metric_math(world):
    minute = int(time.time()) // 60 * 60 - 120
    for metric, values in (("Latency", range(1, 101)), ("Errors", [3]), ("Requests", [60])):
        points = [[2, value] for value in values]
        world.post("metrics", namespace="Shop", metric=metric, dimensions={"service": "orders"}, points=points)

    def query(name, metric, stat):
        dimensions = [{"Name": "service", "Value": "orders"}]
        of = {"Namespace": "Shop", "MetricName": metric, "Dimensions": dimensions}
        return {"Id": name, "MetricStat": {"Metric": of, "Period": 60, "Stat": stat}}

    def ask(*queries):
        times = [datetime.datetime.fromtimestamp(minute + after, datetime.UTC) for after in (-60, 60)]
        answer = client.get_metric_data(MetricDataQueries=list(queries), StartTime=times[0], EndTime=times[1])
        return {one["Id"]: one["Values"] for one in answer["MetricDataResults"]}

    client = world.client("cloudwatch")
    plain = [query("p", "Latency", "p99"), query("errors", "Errors", "Sum"), query("requests", "Requests", "Sum")]
    share = {"Id": "share", "Expression": "errors / requests * 100"}
    assert ask(*plain, share) == {"p": [99.0], "errors": [3.0], "requests": [60.0], "share": [5.0]}, ask(*plain, share)
    try:
        ask(*plain, {"Id": "bad", "Expression": "SUMM(errors)"})
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ValidationError", error
    else:
        raise AssertionError("an expression that is wrong was taken")

@check
def iam_and_sts_answer(world):
    assert world.client("sts").get_caller_identity()["Account"] == "123456789012"
    world.client("iam").create_role(RoleName="watchdog", AssumeRolePolicyDocument="{}")
    assert [call["operation"] for call in world.get("calls")["calls"]] == ["GetCallerIdentity", "CreateRole"]


@check
def every_answer_has_one_date_and_a_request_id(world):
    secret = world.secret()
    for service, call, parameters in (
        ("secretsmanager", "describe_secret", {"SecretId": secret["arn"]}),
        ("lambda", "get_function", {"FunctionName": "rotate-app"}),
        ("ecs", "list_clusters", {}),
        ("cloudwatch", "list_metrics", {}),
    ):
        metadata = getattr(world.client(service), call)(**parameters)["ResponseMetadata"]
        date = parsedate_to_datetime(metadata["HTTPHeaders"]["date"])
        assert abs(date.timestamp() - time.time()) < 3, (service, date)
        assert "," not in metadata["HTTPHeaders"]["x-amzn-requestid"], service


@check
def faults_come_as_ordered(world):
    secret = world.secret()
    clients = {name: world.client(name) for name in ("secretsmanager", "ecs", "lambda", "cloudwatch")}

    def fails(service, operation, kind, call, **parameters):
        world.post("fault", service=service, operation=operation, kind=kind)
        try:
            call(**parameters)
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
        except HTTPClientError as error:
            return type(error).__name__
        raise AssertionError(f"{kind} did not fail")

    describe, arn = clients["secretsmanager"].describe_secret, secret["arn"]
    assert fails("secretsmanager", "DescribeSecret", "throttle", describe, SecretId=arn) == (400, "ThrottlingException")
    assert fails("secretsmanager", "*", "denied", describe, SecretId=arn) == (400, "AccessDeniedException")
    assert fails("secretsmanager", "*", "500", describe, SecretId=arn) == (500, "InternalServiceError")
    assert fails("secretsmanager", "*", "timeout", describe, SecretId=arn) == "ReadTimeoutError"
    assert fails("secretsmanager", "*", "cut", describe, SecretId=arn) == "ConnectionClosedError"
    describe(SecretId=arn)
    function = clients["lambda"].get_function
    assert fails("lambda", "GetFunction", "throttle", function, FunctionName="x") == (429, "TooManyRequestsException")
    assert fails("lambda", "GetFunction", "denied", function, FunctionName="x") == (403, "AccessDeniedException")
    assert fails("ecs", "ListClusters", "html", clients["ecs"].list_clusters)[0] == 502
    assert fails("monitoring", "*", "throttle", clients["cloudwatch"].list_metrics)[1] == "ThrottlingException"
    statuses = [(call["fault"], call["status"]) for call in world.get("calls?operation=DescribeSecret")["calls"]]
    expected = [("throttle", 400), ("denied", 400), ("500", 500), ("timeout", None), ("cut", None), (None, 200)]
    assert statuses == expected, statuses


@check
def an_answer_can_be_lost_after_the_effect(world):
    client = world.client("ecs")
    world.post("service", cluster="shop", name="web")
    world.post("fault", service="ecs", operation="UpdateService", kind="cut", takes_effect=True)
    try:
        client.update_service(cluster="shop", service="web", forceNewDeployment=True)
        raise AssertionError("the connection was not cut")
    except HTTPClientError:
        pass
    assert len(client.describe_services(cluster="shop", services=["web"])["services"][0]["deployments"]) == 2


@check
def no_secret_is_recorded(world):
    world.client("secretsmanager").create_secret(Name="one", SecretString=PASSWORD)
    world.post("function", name="report")
    variables = {"Variables": {"A": PASSWORD}}
    world.client("lambda").update_function_configuration(FunctionName="report", Environment=variables)
    containers = [{"name": "app", "image": "app:1", "environment": [{"name": "A", "value": PASSWORD}]}]
    world.client("ecs").register_task_definition(family="app", containerDefinitions=containers)
    calls = world.get("calls")["calls"]
    operations = [call["operation"] for call in calls]
    assert operations == ["CreateSecret", "UpdateFunctionConfiguration", "RegisterTaskDefinition"]
    assert PASSWORD not in json.dumps(calls)
    assert calls[1]["parameters"]["FunctionName"] == "report"


@check
def what_is_not_there_says_so(world):
    assert code_of(world.client("secretsmanager").describe_secret, SecretId="absent") == "ResourceNotFoundException"
    assert code_of(world.client("ecs").list_attributes, targetType="container-instance") == "UnknownOperationException"
    try:
        world.post("rotation", secret="absent", step="create")
        raise AssertionError("an order about nothing was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 400 and "can't find" in json.load(error)["error"]


def start():
    program = Path(__file__).with_name("standin.py")
    process = subprocess.Popen([sys.executable, str(program), "--port", "0"], stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    if not line.startswith("listening http://127.0.0.1:"):
        process.kill()
        raise SystemExit(f"the stand-in said {line!r}")
    return process, line.split()[1]


def passes(function, world):
    world.post("reset")
    try:
        function(world)
    except Exception:
        print(f"FAILED {function.__name__}\n{traceback.format_exc()}")
        return False
    print(f"ok     {function.__name__}")
    return True


def main():
    process, url = start()
    try:
        results = [passes(function, World(url)) for function in CHECKS]
    finally:
        process.terminate()
        process.wait()
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
