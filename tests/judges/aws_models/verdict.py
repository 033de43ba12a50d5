"""All of it on one request."""

from dataclasses import dataclass, field

from .catalog import Route, Unknown
from .documents import from_cbor, from_json
from .findings import Findings
from .forms import from_form
from .newer import excuse
from .rest import from_rest
from .rules import judge


@dataclass
class Verdict:
    """What one request is for, and in how many ways it breaks its model."""

    operation: str
    protocol: str = ""
    violations: list = field(default_factory=list)
    excused: list = field(default_factory=list)
    unjudged_patterns: set = field(default_factory=set)


def examine(catalog, request):
    """Judges a request; None where it is no call of AWS."""
    signing_name = request.signing_name
    if signing_name is None:
        return None
    verdict, findings = Verdict(f"{signing_name}.?"), Findings()
    try:
        service = catalog.service(signing_name)
        verdict.protocol = service.protocol(request)
        operation = service.operation(request, verdict.protocol)
        verdict.operation = f"{service.name}.{operation.name}"
        members = _members(operation, request, verdict.protocol, findings)
        if operation.input_shape is not None:
            judge(operation.input_shape, members, operation.name, findings)
    except Unknown as unknown:
        findings.add("operation", verdict.operation, str(unknown))
    except Exception as error:  # A flaw of the judge must not pass for a good request.
        findings.add("judge", verdict.operation, f"{type(error).__name__}: {error}")
    for finding in findings.all:
        (verdict.excused if excuse(finding) else verdict.violations).append(finding)
    verdict.unjudged_patterns = findings.unjudged_patterns
    return verdict


def _members(operation, request, protocol, findings):
    shape, path, body = operation.input_shape, operation.name, request.body
    if protocol.startswith("rest-"):
        return from_rest(Route(operation), request, protocol, findings)
    if shape is None:
        return {}
    if protocol == "json":
        return from_json(shape, body, path, findings)
    if protocol == "smithy-rpc-v2-cbor":
        return from_cbor(shape, body, path, findings)
    return from_form(shape, body, path, findings, protocol == "ec2")
