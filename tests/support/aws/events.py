"""EventBridge and SQS as deploy/events/template.json sets them up: moto matches each event with the template's patterns."""

import json
import time
from pathlib import Path

from moto.events.models import events_backends
from moto.sqs.models import sqs_backends

from .wire import ACCOUNT, REGION

TEMPLATE = Path(__file__).resolve().parents[3] / "deploy" / "events" / "template.json"
_POLL = 0.02


def long_poll(ask, wait):
    """ReceiveMessage, asked without a wait until there is a message: moto would wait with the account locked."""
    until = time.monotonic() + wait
    while True:
        answer = ask()
        if time.monotonic() >= until or answer.status != 200 or b'"Messages"' in answer.body:
            return answer
        time.sleep(_POLL)


def set_up(region=REGION):
    """The queue, the one for what nobody reads, and the rules. The queue's address."""
    resources = json.loads(TEMPLATE.read_text())["Resources"]
    queues, events = sqs_backends[ACCOUNT][region], events_backends[ACCOUNT][region]
    unread = _queue(queues, resources["DeadLetterQueue"], {})
    redrive = resources["Queue"]["Properties"]["RedrivePolicy"] | {"deadLetterTargetArn": unread.queue_arn}
    queue = _queue(queues, resources["Queue"], {"RedrivePolicy": json.dumps(redrive)})
    for resource in resources.values():
        if resource["Type"] == "AWS::Events::Rule" and "EventPattern" in resource["Properties"]:
            _rule(events, resource["Properties"], queue)
    return queue


def _queue(backend, resource, more):
    properties = resource["Properties"]
    attributes = {key: str(properties[key]) for key in ("MessageRetentionPeriod", "VisibilityTimeout") if key in properties}
    return backend.create_queue(properties["QueueName"], **attributes | more)


def _rule(backend, properties, queue):
    name = properties["Name"]
    backend.put_rule(name=name, event_pattern=json.dumps(properties["EventPattern"]), state="ENABLED")
    backend.put_targets(name=name, event_bus_arn=None, targets=[{"Id": "queue", "Arn": queue.queue_arn}])


def put(event, region=REGION):
    """An event as its source would send it: once for each rule whose pattern it matches. How often."""
    rules = events_backends[ACCOUNT][region].describe_event_bus("default").rules.values()
    matching = [rule for rule in rules if rule.event_pattern.matches_event(event)]
    for _ in matching:
        send(event, region)
    return len(matching)


def send(message, region=REGION):
    """A message into the queue, past the rules: an event, or a text."""
    body = message if isinstance(message, str) else json.dumps(message)
    sqs_backends[ACCOUNT][region].send_message(_name("Queue"), body)


def lose(region=REGION):
    """Somebody deletes the queue."""
    sqs_backends[ACCOUNT][region].delete_queue(_name("Queue"))


def messages(region=REGION):
    """How many messages the queue and the one for what nobody reads hold, received ones included."""
    backend = sqs_backends[ACCOUNT][region]
    return {key: len(backend.get_queue(_name(queue))._messages) for key, queue in _HELD.items()}


_HELD = {"queue": "Queue", "unread": "DeadLetterQueue"}


def _name(queue):
    return json.loads(TEMPLATE.read_text())["Resources"][queue]["Properties"]["QueueName"]


# What the schedule sends.
HEARTBEAT = {"source": "aws.events", "detail-type": "Scheduled Event", "account": ACCOUNT, "detail": {}, "resources": []}
