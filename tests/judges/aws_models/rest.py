"""Members from path, query, headers and body."""

from .documents import from_json
from .findings import UNREADABLE
from .scalars import from_text
from .xml import from_xml

# What signing, retrying and transport add to any request.
TRANSPORT = {
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-security-token",
    "x-amz-trailer",
    "x-amz-user-agent",
    "x-amz-sdk-checksum-algorithm",
}
SIGNED_QUERY = "X-Amz-"
# Sums of the body, on the operations that say so.
CHECKSUM = "x-amz-checksum-"


def members_at(operation, location):
    """Returns the members of an operation that stand at a location, by the name they have there."""
    shape = operation.input_shape
    members = shape.members.items() if shape else ()
    found = [(name, member) for name, member in members if member.serialization.get("location") == location]
    return {member.serialization.get("name", name): (name, member) for name, member in found}


def leftovers(operation, fixed_query, request):
    """Returns which required members are missing, and what of query and headers is no member."""
    queries, headers = members_at(operation, "querystring"), members_at(operation, "header")
    headers = {name.lower(): member for name, member in headers.items()}
    prefixes = tuple(name.lower() for name in members_at(operation, "headers"))
    takes_any_query = any(member.type_name == "map" for _, member in queries.values())
    sent = {key for key, _ in request.query if not key.startswith(SIGNED_QUERY)} - {"x-id"}
    unknown = [] if takes_any_query else sorted(sent - set(queries) - {key for key, _ in fixed_query})
    for name in request.headers:
        is_known = name in headers or name in TRANSPORT or (prefixes and name.startswith(prefixes))
        is_known = is_known or (operation.http_checksum and name.startswith(CHECKSUM))
        if name.startswith("x-amz-") and not is_known:
            unknown.append(name)
    required = set(operation.input_shape.required_members) if operation.input_shape else set()
    there = {name for key, (name, _) in queries.items() if key in sent}
    there |= {name for key, (name, _) in headers.items() if key in request.headers}
    bound = {name for name, _ in (*queries.values(), *headers.values())}
    return sorted(required & bound - there), unknown


def from_rest(route, request, protocol, findings):
    """Reads the members of the operation of `route`."""
    operation = route.operation
    path = operation.name
    for name in leftovers(operation, route.fixed_query, request)[1]:
        findings.add("unknown", f"{path}.{name}", "no member in query or headers")
    shape = operation.input_shape
    if shape is None:
        if request.body:
            findings.add("unknown", path, "the operation takes no body")
        return {}
    members = {}
    for label, text in route.labels(request).items():
        name, member = members_at(operation, "uri")[label]
        members[name] = from_text(member, text, f"{path}.{name}", findings)
    members.update(_queries(operation, request, findings))
    members.update(_headers(operation, request, findings))
    members.update(_body(operation, request, protocol, findings))
    return members


def _queries(operation, request, findings):
    members = {}
    for key, (name, member) in members_at(operation, "querystring").items():
        at = f"{operation.name}.{name}"
        if member.type_name == "map":
            members[name] = dict(request.query)
            continue
        texts = [text for sent, text in request.query if sent == key]
        if texts and member.type_name == "list":
            members[name] = [from_text(member.member, text, at, findings) for text in texts]
        elif texts:
            if len(texts) > 1:
                findings.add("body", at, f"sent {len(texts)} times")
            members[name] = from_text(member, texts[0], at, findings)
    return members


def _headers(operation, request, findings):
    members = {}
    for header, (name, member) in members_at(operation, "header").items():
        text, at = request.headers.get(header.lower()), f"{operation.name}.{name}"
        if text is None:
            continue
        if member.type_name == "list":
            members[name] = [from_text(member.member, part.strip(), at, findings) for part in text.split(",")]
        else:
            members[name] = from_text(member, text, at, findings)
    for prefix, (name, _) in members_at(operation, "headers").items():
        found = {key: text for key, text in request.headers.items() if key.startswith(prefix.lower())}
        if found:
            members[name] = {key[len(prefix) :]: text for key, text in found.items()}
    return members


def _body(operation, request, protocol, findings):
    shape, body, path = operation.input_shape, request.body, operation.name
    payload = shape.serialization.get("payload")
    if payload is None:
        in_body = [name for name, member in shape.members.items() if "location" not in member.serialization]
        if not in_body:
            # An empty JSON object is what some SDKs send for nothing.
            if body not in (b"", b"{}"):
                findings.add("unknown", path, "the operation takes no body")
            return {}
        if not body:
            return {}
        read = _document(shape, body, path, protocol, findings, shape.serialization.get("name"))
        return read if isinstance(read, dict) else dict.fromkeys(in_body, UNREADABLE)
    member, at = shape.members[payload], f"{path}.{payload}"
    if member.serialization.get("streaming") or member.serialization.get("eventstream"):
        # The bytes of an object are no member to be judged.
        return {payload: UNREADABLE}
    if not body:
        return {}
    if member.type_name == "blob":
        return {payload: body}
    if member.type_name == "string":
        return {payload: body.decode("utf-8", "replace")}
    return {payload: _document(member, body, at, protocol, findings, member.serialization.get("name"))}


def _document(shape, body, path, protocol, findings, root_name):
    if protocol == "rest-json":
        return from_json(shape, body, path, findings)
    return from_xml(shape, body, path, findings, root_name)
