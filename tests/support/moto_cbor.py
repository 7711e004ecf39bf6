"""Smithy's rpc-v2-cbor in front of an application that speaks AWS's JSON.

moto answers CloudWatch in JSON only, and current SDKs ask it in CBOR: requests are translated on their way in, answers
on their way out. Times and blobs need the operation's model, since JSON has neither.
"""

import base64
import datetime
import gzip
import io
import json
import re
import struct

import botocore.session
from botocore.parsers import RpcV2CBORParser

PROTOCOL = "rpc-v2-cbor"
_PATH = re.compile(r"/service/([^/]+)/operation/([^/]+)$")
# Only services whose SDKs speak it.
_SERVICES = ("cloudwatch",)

_ARRAY, _MAP, _BYTES, _TEXT = 4, 5, 2, 3
_NULL, _FALSE, _TRUE, _DOUBLE, _EPOCH_TIME = b"\xf6", b"\xf4", b"\xf5", b"\xfb", b"\xc1"


class Cbor:
    """WSGI middleware; what is not CBOR passes through."""

    def __init__(self, app):
        session = botocore.session.get_session()
        models = [session.get_service_model(name) for name in _SERVICES]
        self._app = app
        self._models = {model.metadata["targetPrefix"]: model for model in models}

    def __call__(self, environ, start_response):
        path = _PATH.search(environ["PATH_INFO"])
        if environ.get("HTTP_SMITHY_PROTOCOL") != PROTOCOL or not path or path[1] not in self._models:
            return self._app(environ, start_response)
        target, operation = path.groups()
        return self._translate(_as_json(environ, target, operation), self._models[target], operation, start_response)

    def _translate(self, environ, model, operation, start_response):
        head = {}

        def remember(status, headers, exc_info=None):
            head.update(status=status, headers=headers)

        answer = b"".join(self._app(environ, remember))
        headers = head["headers"]
        if "json" in dict((name.lower(), value) for name, value in headers).get("content-type", ""):
            succeeded = head["status"].startswith("2")
            shape = model.operation_model(operation).output_shape if succeeded else None
            answer = encode(json.loads(answer or b"{}"), shape)
            headers = _cbor_headers(headers, len(answer))
        start_response(head["status"], headers)
        return [answer]


def _as_json(environ, target, operation):
    """The same request as JSON 1.0."""
    body = json.dumps(_decode(_body(environ))).encode()
    undone = ("HTTP_SMITHY_PROTOCOL", "HTTP_CONTENT_ENCODING")
    kept = {key: value for key, value in environ.items() if key not in undone}
    return kept | {
        "PATH_INFO": "/",
        "RAW_URI": "/",
        "REQUEST_URI": "/",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_ACCEPT": "application/json",
        "HTTP_X_AMZ_TARGET": f"{target}.{operation}",
        "wsgi.input": io.BytesIO(body),
    }


def _body(environ):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return gzip.decompress(body) if environ.get("HTTP_CONTENT_ENCODING") == "gzip" else body


def _decode(body):
    if not body:
        return {}
    return _plain(RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body))))


def _plain(value):
    """As JSON can say it: times in seconds since 1970, bytes in base64."""
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _cbor_headers(headers, length):
    replaced = ("content-type", "content-length")
    kept = [(name, value) for name, value in headers if name.lower() not in replaced]
    own = [("Content-Type", "application/cbor"), ("Smithy-Protocol", PROTOCOL), ("Content-Length", str(length))]
    return kept + own


def encode(value, shape=None):
    """CBOR of a JSON value; `shape` tells what is a time, a blob or a float."""
    kind = shape.type_name if shape is not None else None
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if kind == "timestamp":
        return _EPOCH_TIME + _double(_seconds(value))
    if kind == "blob":
        return _sized(_BYTES, base64.b64decode(value))
    if kind in ("double", "float") or isinstance(value, float):
        return _double(value)
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, str):
        return _sized(_TEXT, value.encode())
    if isinstance(value, list):
        member = shape.member if kind == "list" else None
        return _head(_ARRAY, len(value)) + b"".join(encode(item, member) for item in value)
    return _encode_map(value, shape, kind)


def _encode_map(value, shape, kind):
    def shape_of(key):
        if kind == "structure":
            return shape.members.get(key)
        return shape.value if kind == "map" else None

    pairs = (encode(key) + encode(item, shape_of(key)) for key, item in value.items())
    return _head(_MAP, len(value)) + b"".join(pairs)


def _seconds(value):
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    return float(value)


def _double(value):
    return _DOUBLE + struct.pack(">d", value)


def _sized(major, content):
    return _head(major, len(content)) + content


def _head(major, number):
    """Major type and the shortest form of its number."""
    if number < 24:
        return bytes([major << 5 | number])
    for info, form, bits in ((24, ">B", 8), (25, ">H", 16), (26, ">I", 32), (27, ">Q", 64)):
        if number < 1 << bits:
            return bytes([major << 5 | info]) + struct.pack(form, number)
    raise ValueError(f"{number} is too large for CBOR")
