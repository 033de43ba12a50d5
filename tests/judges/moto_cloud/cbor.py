"""Turns CBOR, which the AWS SDK for Rust speaks to CloudWatch, into the JSON that moto understands, and back."""

import datetime
import io
import json
import re

import botocore.session
import cbor2

PATH = re.compile(r"/service/(?P<target>[^/]+)/operation/(?P<operation>[^/]+)")
SERVICES = {"GraniteServiceVersion20100801": "cloudwatch"}


def speaking_cbor(answer):
    """Wraps moto's application."""
    session = botocore.session.Session()

    def application(self, environ, start_response):
        called = PATH.fullmatch(environ["PATH_INFO"])
        if called is None:
            return answer(self, environ, start_response)
        model = session.get_service_model(SERVICES[called["target"]])
        operation = model.operation_model(called["operation"])
        as_json(environ, called)
        heard = {}

        def hear(status, headers, exc_info=None):
            heard.update(status=status, headers=dict(headers))

        body = json.loads(b"".join(answer(self, environ, hear)) or b"{}")
        if heard["status"].startswith("200"):
            body = typed(operation.output_shape, body)
        cbor = cbor2.dumps(body, datetime_as_timestamp=True)
        headers = {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor", "Content-Length": str(len(cbor))}
        start_response(heard["status"], list(headers.items()))
        return [cbor]

    return application


def as_json(environ, called):
    """Makes the request one in JSON."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    members = cbor2.loads(environ["wsgi.input"].read(length)) if length else {}
    body = json.dumps(members, default=lambda moment: moment.timestamp()).encode()
    environ.update({
        "PATH_INFO": "/",
        "RAW_URI": "/",
        "REQUEST_URI": "/",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_AMZ_TARGET": f"{called['target']}.{called['operation']}",
        "wsgi.input": io.BytesIO(body),
    })


def typed(shape, value):
    """Gives moments in time the type that CBOR has for them."""
    if shape is None or value is None:
        return value
    if shape.type_name == "structure":
        return {name: typed(shape.members.get(name), member) for name, member in value.items()}
    if shape.type_name == "list":
        return [typed(shape.member, item) for item in value]
    if shape.type_name == "timestamp":
        return datetime.datetime.fromtimestamp(value, datetime.UTC)
    return value
