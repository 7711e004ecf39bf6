"""Stands in for AWS in tests: every service that the watchdog asks, on one endpoint, in one process.

    python standin.py --port 0 [--plain-moto]

prints `listening http://127.0.0.1:PORT` when it is ready, and nothing else to standard output. Tests order and ask
under /_standin/ (see aws/control.py); everything else is AWS.
"""

import argparse
import logging
from http import HTTPStatus

from werkzeug.serving import WSGIRequestHandler, make_server

from aws.account import Account
from aws.calls import Calls
from aws.control import PREFIX, Control
from aws.faults import Faults, spoil
from aws.wire import read
from moto_cbor import Cbor


class StandIn:
    """The WSGI application."""

    def __init__(self, plain_moto):
        self._account, self._calls, self._faults = Account(plain_moto), Calls(), Faults()
        self._control = Control(self._account, self._calls, self._faults)

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ["PATH_INFO"].startswith(PREFIX):
            answer = self._control.answer(environ, body)
        else:
            answer = self._aws(environ, body)
        if answer is None:
            raise ConnectionAbortedError("a fault cut the connection")
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", answer.header_list())
        return [answer.body]

    def _aws(self, environ, body):
        request = read(environ, body)
        call = self._calls.begin(request)
        fault = self._faults.take(request)
        answer = None
        if fault is None or fault.takes_effect:
            answer = self._account.answer(request, body)
        if fault is not None:
            call["fault"] = fault.kind
            answer = spoil(fault.kind, request)
        call["status"] = answer.status if answer else None
        return answer


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type, message, *args):
        pass


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments.add_argument("--plain-moto", action="store_true", help="without our corrections of it")
    given = arguments.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server(
        "127.0.0.1", given.port, Cbor(StandIn(given.plain_moto)), threaded=True, request_handler=Quiet
    )
    print(f"listening http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
