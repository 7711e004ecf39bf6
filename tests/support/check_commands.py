"""Holds shell commands to what the AWS CLI takes.

Reads a JSON list of commands and writes a JSON list of what is wrong with each: an empty list where nothing is.
`sh -n` reads the whole command; each `aws` call in it is held to botocore's model of its service: operation, options,
required parameters, numbers, the fields of shorthand values, the names of waiters, and the syntax of `--query`.
"""

import json
import re
import shlex
import subprocess
import sys

import botocore.loaders
import jmespath
from botocore.exceptions import UnknownServiceError
from botocore import xform_name

LOADER = botocore.loaders.Loader()

# What the CLI calls otherwise than botocore.
SERVICES = {"deploy": "codedeploy"}

# Options that the CLI calls otherwise than botocore.
OPTIONS = {("sns", "subscribe"): {"endpoint": "notification-endpoint"}}

# Options of every call, and whether they take a value.
GLOBAL = {
    "cli-input-json": True,
    "endpoint-url": True,
    "no-cli-pager": False,
    "no-paginate": False,
    "output": True,
    "profile": True,
    "query": True,
    "region": True,
}

# Commands of the CLI's own, which no model has: their options and whether these take a value.
OF_THE_CLI = {
    ("logs", "tail"): {"since": True, "filter-pattern": True, "format": True, "follow": False},
}

# What else may stand in a command.
SHELL = {"[", "curl", "cut", "date", "export", "rotation-watchdog", "sleep"}
KEYWORDS = {"if", "do", "done", "then", "fi", "else"}
SEPARATORS = {";", "&&", "||", "|", "&", "\n"}

# Stands for the output of `$(…)`, and for a variable.
UNKNOWN = "\0"


def check(command):
    """What is wrong with one command."""
    read = subprocess.run(["sh", "-n"], input=command, capture_output=True, text=True, check=False)
    if read.returncode:
        return [f"sh: {read.stderr.strip()}"]
    if "<" in command:
        return ["a placeholder, or input from a file"]
    wrong = []
    for call in calls(command):
        if not call:
            continue
        name = call[0]
        if name == "aws":
            wrong += check_call(call[1:])
        elif name not in SHELL:
            wrong.append(f"{name}: not a command that is known here")
    return wrong


def calls(command):
    """The simple commands, those within `$(…)` among them."""
    found = []
    while True:
        inner = innermost(command)
        if inner is None:
            break
        start, end = inner
        found += simple(command[start + 2 : end])
        command = command[:start] + UNKNOWN + command[end + 1 :]
    return found + simple(command)


def innermost(command):
    """Where a `$(…)` without another within it begins and ends; quotes hide what is no end."""
    start, single, double = None, False, False
    at = 0
    while at < len(command):
        c = command[at]
        if c == "\\" and not single:
            at += 1
        elif c == "'" and not double:
            single = not single
        elif c == '"' and not single:
            double = not double
        elif command.startswith("$(", at) and not single:
            start, double = at, False
        elif c == ")" and not single and not double and start is not None:
            return start, at
        at += 1
    return None


def simple(text):
    lexer = shlex.shlex(text.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    found, call = [], []
    for word in lexer:
        if word in SEPARATORS:
            found.append(call)
            call = []
        elif not call and word in KEYWORDS:
            continue
        elif not call and re.fullmatch(r"[A-Za-z_]+=.*", word, re.DOTALL):
            continue
        else:
            call.append(re.sub(r"\$\{?\w+\}?", UNKNOWN, word))
    found.append(call)
    # `for x in …`: its words are no command.
    return [call for call in found if call and call[0] != "for"]


def check_call(words):
    if len(words) < 2:
        return ["aws: no service and operation"]
    service, operation, rest = words[0], words[1], words[2:]
    own = OF_THE_CLI.get((service, operation))
    if own is not None:
        return check_options(f"{service} {operation}", rest, {**GLOBAL, **own}, positional=True)[0]
    try:
        model = LOADER.load_service_model(SERVICES.get(service, service), "service-2")
    except UnknownServiceError:
        return [f"no service {service}"]
    if operation == "wait":
        waiters = LOADER.load_service_model(SERVICES.get(service, service), "waiters-2")["waiters"]
        named = {xform_name(name, "-"): waiter["operation"] for name, waiter in waiters.items()}
        if not rest or rest[0] not in named:
            return [f"{service} has no waiter {rest[:1]}"]
        operation, rest = xform_name(named[rest[0]], "-"), rest[1:]
    operations = {xform_name(name, "-"): found for name, found in model["operations"].items()}
    if operation not in operations:
        return [f"{service} has no operation {operation}"]
    renamed = OPTIONS.get((service, operation), {})

    def option_of(member):
        name = xform_name(member, "-")
        return renamed.get(name, name)

    return check_parameters(model, operations[operation], f"{service} {operation}", rest, option_of)


def check_parameters(model, operation, name, words, option_of):
    shape = model["shapes"][operation["input"]["shape"]] if "input" in operation else {}
    members = {option_of(member): found for member, found in shape.get("members", {}).items()}
    options, kinds = dict(GLOBAL), {}
    for option, member in members.items():
        kinds[option] = model["shapes"][member["shape"]]
        if kinds[option]["type"] == "boolean":
            options[option] = options[f"no-{option}"] = False
        else:
            options[option] = True
    wrong, given = check_options(name, words, options)
    required = {option_of(member) for member in shape.get("required", [])}
    # `--no-x` is a value of x.
    missing = required - {option.removeprefix("no-") for option in given}
    if missing and "cli-input-json" not in given:
        wrong.append(f"{name}: {', '.join(sorted(missing))} is missing")
    for option, values in given.items():
        if option in kinds:
            wrong += [f"{name} --{option}: {text}" for text in check_values(model, kinds[option], values)]
    return wrong


def check_options(name, words, options, positional=False):
    """What is wrong, and the values of each option."""
    wrong, given, option = [], {}, None
    for word in words:
        if word.startswith("--"):
            option, _, value = word[2:].partition("=")
            given[option] = [value] if value else []
            if option not in options:
                wrong.append(f"{name}: no option --{option}")
        elif option is not None and options.get(option):
            given[option].append(word)
        elif not positional:
            wrong.append(f"{name}: {word!r} belongs to no option")
    for option, values in given.items():
        if options.get(option) and not values:
            wrong.append(f"{name}: --{option} has no value")
    for query in given.get("query", []):
        try:
            jmespath.compile(query)
        except jmespath.exceptions.JMESPathError as error:
            wrong.append(f"{name} --query: {error}")
    return wrong, given


def check_values(model, shape, values):
    kind = shape["type"]
    if kind == "list":
        member = model["shapes"][shape["member"]["shape"]]
        for value in values:
            yield from check_value(model, member, value)
    elif kind in ("structure", "map") or len(values) < 2:
        for value in values:
            yield from check_value(model, shape, value)
    else:
        yield f"{len(values)} values"


def check_value(model, shape, value):
    kind = shape["type"]
    if UNKNOWN in value:
        return
    if kind in ("integer", "long") and not re.fullmatch(r"-?\d+", value):
        yield f"{value!r} is no number"
    if "enum" in shape and value not in shape["enum"]:
        yield f"{value!r} is none of {shape['enum']}"
    if kind == "structure" and not value.startswith("{"):
        for field in re.findall(r"(?:^|,)(\w+)=", value):
            if field not in shape["members"]:
                yield f"no field {field}"


if __name__ == "__main__":
    json.dump([check(command) for command in json.load(sys.stdin)], sys.stdout)
