"""The models, and the operation that a request is for."""

import re
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore.exceptions import UnknownServiceError

from .rest import leftovers

# Where the name in the signature is not the name of the model.
MODEL_NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions", "tagging": "resourcegroupstaggingapi"}

RPC_PATH = re.compile(r"/service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)")


class Unknown(Exception):
    """No model knows what the request is for."""


class Catalog:
    """Loads models when they are first needed."""

    def __init__(self):
        self._session = botocore.session.Session()

    @lru_cache(maxsize=None)
    def service(self, signing_name):
        name = MODEL_NAMES.get(signing_name, signing_name)
        try:
            return Service(self._session.get_service_model(name))
        except UnknownServiceError:
            raise Unknown(f"no model of a service `{name}`") from None


class Service:
    """One service: its model, and the way from a request to an operation."""

    def __init__(self, model):
        self.model = model
        self.name = model.service_name
        self.protocols = model.metadata.get("protocols") or [model.metadata["protocol"]]
        self._routes = None

    def protocol(self, request):
        """Returns the protocol that the request speaks."""
        spoken = self._sounds_like(request)
        if spoken not in self.protocols:
            raise Unknown(f"`{self.name}` speaks {self.protocols}, and the request speaks {spoken}")
        return spoken

    def _sounds_like(self, request):
        if "smithy-protocol" in request.headers:
            return "smithy-" + request.headers["smithy-protocol"]
        if "x-amz-target" in request.headers:
            return "json"
        kind = request.headers.get("content-type", "")
        if kind.startswith("application/x-www-form-urlencoded") and "rest-xml" not in self.protocols:
            return "ec2" if "ec2" in self.protocols else "query"
        return self.protocols[0]

    def operation(self, request, protocol):
        """Returns the model of the operation that the request asks for."""
        if protocol == "json":
            prefix, _, name = request.headers["x-amz-target"].rpartition(".")
            expected = self.model.metadata["targetPrefix"]
            if prefix != expected:
                raise Unknown(f"target `{prefix}`, where `{self.name}` has `{expected}`")
        elif protocol in ("query", "ec2"):
            form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
            name, version = form.get("Action", ""), form.get("Version")
            if version != self.model.api_version:
                raise Unknown(f"version `{version}`, where `{self.name}` has `{self.model.api_version}`")
        elif protocol == "smithy-rpc-v2-cbor":
            called = RPC_PATH.fullmatch(request.path)
            target = self.model.metadata["targetPrefix"]
            if not called or called["service"] != target:
                raise Unknown(f"path `{request.path}`, where `{self.name}` has `/service/{target}/operation/..`")
            name = called["operation"]
        else:
            return self._routed(request)
        if name not in self.model.operation_names:
            raise Unknown(f"no operation `{name}` of `{self.name}`")
        return self.model.operation_model(name)

    def _routed(self, request):
        """Returns the operation that leaves the least of the request unexplained."""
        if self._routes is None:
            names = self.model.operation_names
            self._routes = [Route(self.model.operation_model(name)) for name in names]
        fitting = [route for route in self._routes if route.leads(request)]
        if not fitting:
            raise Unknown(f"no operation of `{self.name}` has {request.method} `{request.path}`")
        return min(fitting, key=lambda route: route.distance(request)).operation


class Route:
    """Method, path and fixed query of one operation."""

    def __init__(self, operation):
        self.operation = operation
        self.method = operation.http["method"]
        path, _, query = operation.http["requestUri"].partition("?")
        self.fixed_query = parse_qsl(query, keep_blank_values=True)
        self.label_names, pattern = pattern_of(path)
        self.pattern = re.compile(pattern)

    def leads(self, request):
        if request.method != self.method or not self.pattern.fullmatch(request.path):
            return False
        sent = request.query
        return all(pair in sent for pair in self.fixed_query)

    def labels(self, request):
        """Returns the members that stand in the path."""
        found = self.pattern.fullmatch(request.path).groups()
        return {name: unquote(value) for name, value in zip(self.label_names, found, strict=True)}

    def distance(self, request):
        """Orders the operations that fit: what names itself first, then what explains most."""
        calls_itself = dict(request.query).get("x-id") == self.operation.name
        missing, unknown = leftovers(self.operation, self.fixed_query, request)
        return (
            not calls_itself,
            len(missing) + len(unknown),
            -len(self.fixed_query),
            self.operation.deprecated,
            len(self.operation.name),
        )


def pattern_of(path):
    """Turns `/{Bucket}/{Key+}` into the names of its labels and a regular expression with a group for each."""
    names, parts = [], []
    for part in re.split(r"(\{[^}]+\})", path.rstrip("/")):
        if not part.startswith("{"):
            parts.append(re.escape(part))
            continue
        names.append(part.strip("{}").rstrip("+"))
        parts.append("(.+)" if part.endswith("+}") else "([^/]+)")
    return names, "".join(parts) + "/?"
