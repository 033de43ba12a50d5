"""A request as it came over the wire, and the service that its signature names."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

SCOPE = re.compile(r"[^/\s]+/\d{8}/[^/]*/(?P<service>[^/]+)/aws4_request")


@dataclass(frozen=True)
class Request:
    """Path and query are still encoded; the names of headers are in lower case."""

    method: str
    target: str
    headers: dict
    body: bytes = b""

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        """The pairs of the query, in order."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    @property
    def signing_name(self):
        """The service for which it was signed; None for what is no call of AWS."""
        signed = self.headers.get("authorization", "")
        if "Credential=" in signed:
            credential = signed.split("Credential=", 1)[1].split(",")[0]
        else:
            credential = unquote(dict(self.query).get("X-Amz-Credential", ""))
        scope = SCOPE.fullmatch(credential.strip())
        return scope and scope["service"]
