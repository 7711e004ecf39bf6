"""Lambda where moto differs from AWS: revisions, updates that take a moment, limits, concurrency configurations."""

import json
import re
import time
import uuid

ROLE = "arn:aws:iam::123456789012:role/standin"
ROUTES = [
    ("GET", r"/2015-03-31/functions/?", "ListFunctions"),
    ("GET", r"/2015-03-31/functions/([^/]+)/configuration", "GetFunctionConfiguration"),
    ("PUT", r"/2015-03-31/functions/([^/]+)/configuration", "UpdateFunctionConfiguration"),
    ("GET", r"/2015-03-31/functions/([^/]+)/aliases", "ListAliases"),
    ("GET", r"/2015-03-31/functions/([^/]+)", "GetFunction"),
    ("GET", r"/2019-09-30/functions/([^/]+)/concurrency", "GetFunctionConcurrency"),
    ("PUT", r"/2017-10-31/functions/([^/]+)/concurrency", "PutFunctionConcurrency"),
    ("DELETE", r"/2017-10-31/functions/([^/]+)/concurrency", "DeleteFunctionConcurrency"),
    ("GET", r"/2019-09-30/functions/([^/]+)/provisioned-concurrency", "ListProvisionedConcurrencyConfigs"),
    ("POST", r"/2017-03-31/tags/(.+)", "TagResource"),
    ("DELETE", r"/2017-03-31/tags/(.+)", "UntagResource"),
]


class Function:
    """What the tests see of a function."""

    def __init__(self, name, environment, reserved):
        self.name = name
        self.arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
        self.environment = environment
        self.reserved = reserved
        self.tags = {}
        self.touch(time.time() - 86400)

    def touch(self, now=None):
        self.revision = str(uuid.uuid4())
        self.modified = now or time.time()


class Lambda:
    """Played in full: moto has the calls, but neither revisions nor times."""

    def __init__(self, step):
        self.step = step
        self.functions = {}

    @staticmethod
    def operation_of(method, path):
        for known, pattern, operation in ROUTES:
            if method == known and re.fullmatch(pattern, path):
                return operation
        return f"{method} {path}"

    @staticmethod
    def name_of(path):
        found = next((match for _, pattern, _ in ROUTES if (match := re.fullmatch(pattern, path)) and match.groups()), None)
        return found.group(1).rpartition(":")[2] if found else ""

    # Control

    def add(self, request):
        function = Function(request["name"], request.get("environment", {}), request.get("reserved"))
        self.functions[function.name] = function
        return {"arn": function.arn}

    def show(self, name):
        function = self.functions[name]
        return {"reserved": function.reserved, "tags": function.tags, "environment": function.environment}

    # AWS

    def answer(self, operation, name, request):
        handler = getattr(self, operation, None)
        if handler is None:
            return "404 Not Found", {"Type": "User", "Message": f"{operation} is not played"}
        if operation == "ListFunctions":
            return "200 OK", handler()
        function = self.functions.get(name)
        if function is None:
            return "404 Not Found", {"__type": "ResourceNotFoundException", "Type": "User", "Message": f"Function not found: {name}"}
        return handler(function, request)

    def configuration(self, function):
        settled = time.time() >= function.modified + self.step
        return {
            "FunctionName": function.name,
            "FunctionArn": function.arn,
            "Role": ROLE,
            "Version": "$LATEST",
            "RevisionId": function.revision,
            "LastModified": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(function.modified)) + f".{int(function.modified * 1000) % 1000:03}+0000",
            "State": "Active",
            "LastUpdateStatus": "Successful" if settled else "InProgress",
            "Environment": {"Variables": function.environment},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}"},
        }

    def ListFunctions(self):
        return {"Functions": [self.configuration(function) for function in self.functions.values()]}

    def GetFunctionConfiguration(self, function, _request):
        return "200 OK", self.configuration(function)

    def GetFunction(self, function, _request):
        answer = {"Configuration": self.configuration(function), "Tags": function.tags}
        if function.reserved is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved}
        return "200 OK", answer

    def UpdateFunctionConfiguration(self, function, request):
        if request.get("RevisionId") not in (None, function.revision):
            message = "The Revision Id provided does not match the latest Revision Id."
            return "412 Precondition Failed", {"__type": "PreconditionFailedException", "Type": "User", "Message": message}
        variables = request.get("Environment", {}).get("Variables", function.environment)
        if len(json.dumps(variables)) > 4096:
            return "400 Bad Request", {"__type": "InvalidParameterValueException", "Type": "User", "Message": "environment variables exceeded the 4KB limit"}
        function.environment = variables
        function.touch()
        return "200 OK", self.configuration(function)

    def GetFunctionConcurrency(self, function, _request):
        return "200 OK", {} if function.reserved is None else {"ReservedConcurrentExecutions": function.reserved}

    def PutFunctionConcurrency(self, function, request):
        function.reserved = request["ReservedConcurrentExecutions"]
        return "200 OK", {"ReservedConcurrentExecutions": function.reserved}

    def DeleteFunctionConcurrency(self, function, _request):
        function.reserved = None
        return "204 No Content", {}

    def ListAliases(self, _function, _request):
        return "200 OK", {"Aliases": []}

    def ListProvisionedConcurrencyConfigs(self, _function, _request):
        return "200 OK", {"ProvisionedConcurrencyConfigs": []}

    def TagResource(self, function, request):
        function.tags.update(request["Tags"])
        return "204 No Content", {}

    def UntagResource(self, function, request):
        function.tags.pop(request["tagKeys"], None)
        return "204 No Content", {}
