"""Members from the `Action=` protocols, where `Tags.Tag.1.Key=a` is a leaf of a tree."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from .findings import UNREADABLE
from .scalars import from_text


@dataclass
class Node:
    """A name between two dots: what stands below it, and its own value."""

    below: dict = field(default_factory=dict)
    text: str | None = None


def from_form(shape, body, path, findings, is_ec2):
    """Reads the members of `shape` from a form."""
    root = Node()
    for key, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        if key in ("Action", "Version"):
            continue
        node = root
        for part in key.split("."):
            node = node.below.setdefault(part, Node())
        if node.text is not None:
            findings.add("body", f"{path}.{key}", "sent twice")
        node.text = value
    return (Ec2Form if is_ec2 else QueryForm)(findings).structure(shape, root, path)


class Form:
    """Walks a form and a shape side by side. The two protocols differ in how they name things."""

    def __init__(self, findings):
        self.findings = findings

    def read(self, shape, node, path):
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape, node, path)
        if kind == "list":
            return self._list(shape, node, path)
        if kind == "map":
            return self._map(shape, node, path)
        if node.below or node.text is None:
            self.findings.add("type", path, f"has {sorted(node.below)} below it and is a {kind}")
            return UNREADABLE
        return from_text(shape, node.text, path, self.findings)

    def structure(self, shape, node, path):
        wire = {self.wire_name(name, member): name for name, member in shape.members.items()}
        members = {}
        for part, below in node.below.items():
            if part not in wire:
                self.findings.add("unknown", f"{path}.{part}", f"no member of {shape.name}")
            else:
                name = wire[part]
                members[name] = self.read(shape.members[name], below, f"{path}.{name}")
        if node.text:
            self.findings.add("type", path, f"{node.text!r} is no structure")
        return members

    def _list(self, shape, node, path):
        if node.text == "" and not node.below:
            return []
        holder = self.holder(shape, node, path, "member", shape.member)
        numbered = self._numbered(holder, path)
        return [self.read(shape.member, below, f"{path}[{index}]") for index, below in enumerate(numbered)]

    def _map(self, shape, node, path):
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        entries = {}
        for below in self._numbered(self.holder(shape, node, path, "entry", None), path):
            if set(below.below) != {key_name, value_name}:
                self.findings.add("unknown", path, f"an entry has {key_name} and {value_name}, not {sorted(below.below)}")
                continue
            key = below.below[key_name].text
            entries[key] = self.read(shape.value, below.below[value_name], f"{path}[{key!r}]")
        return entries

    def _numbered(self, node, path):
        """Returns what is below 1, 2, 3 and so on."""
        expected = [str(number) for number in range(1, len(node.below) + 1)]
        if sorted(node.below) != sorted(expected):
            self.findings.add("body", path, f"is numbered {sorted(node.below)}, not from 1 on without a hole")
            return []
        return [node.below[number] for number in expected]


class QueryForm(Form):
    """IAM, RDS, Redshift, STS: lists stand below one more name unless they are flat."""

    def wire_name(self, name, member):
        if member.type_name == "list" and member.serialization.get("flattened"):
            name = member.member.serialization.get("name", name)
        return member.serialization.get("name", name)

    def holder(self, shape, node, path, default, member):
        if shape.serialization.get("flattened"):
            return node
        name = member.serialization.get("name", default) if member is not None else default
        if set(node.below) != {name}:
            self.findings.add("unknown", path, f"stands below `{name}`, not below {sorted(node.below)}")
        return node.below.get(name, Node())


class Ec2Form(Form):
    """EC2: all lists are flat, and names begin with a capital letter."""

    def wire_name(self, name, member):
        written = member.serialization.get("queryName")
        if written is None:
            written = member.serialization.get("name", name)
            written = written[0].upper() + written[1:]
        return written

    def holder(self, _shape, node, _path, _default, _member):
        return node
