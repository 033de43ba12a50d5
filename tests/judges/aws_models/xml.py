"""Members from XML."""

from xml.etree import ElementTree

from .findings import UNREADABLE
from .scalars import from_text


def from_xml(shape, body, path, findings, root_name):
    """Reads the members of `shape` from the XML of a body."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        findings.add("body", path, f"cannot be parsed: {error}")
        return UNREADABLE
    if root_name and local(root.tag) != root_name:
        findings.add("body", path, f"the root is `{local(root.tag)}`, not `{root_name}`")
    return Tree(findings).read(shape, root, path)


def local(name):
    """Returns a name without its namespace."""
    return name.rpartition("}")[2]


class Tree:
    """Walks XML and a shape side by side."""

    def __init__(self, findings):
        self.findings = findings

    def read(self, shape, element, path):
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, element, path)
        if kind == "list":
            name = shape.member.serialization.get("name", "member")
            for other in {local(child.tag) for child in element} - {name}:
                self.findings.add("unknown", f"{path}.{other}", f"the list holds `{name}`")
            return self._items(shape, [child for child in element if local(child.tag) == name], path)
        if kind == "map":
            return self._map(shape, list(element), path)
        if len(element):
            self.findings.add("type", path, f"holds elements and is a {kind}")
            return UNREADABLE
        return from_text(shape, element.text or "", path, self.findings)

    def _structure(self, shape, element, path):
        attributes = {local(name): text for name, text in element.attrib.items()}
        wire, members = {}, {}
        for name, member in shape.members.items():
            written = member.serialization.get("name", name)
            if member.serialization.get("xmlAttribute"):
                written = written.rpartition(":")[2]
                if written in attributes:
                    members[name] = from_text(member, attributes.pop(written), f"{path}.{name}", self.findings)
                continue
            if self._is_flat(member) and member.type_name == "list":
                written = member.member.serialization.get("name", written)
            wire[written] = name
        sent = {}
        for child in element:
            sent.setdefault(local(child.tag), []).append(child)
        for tag, children in sent.items():
            if tag not in wire:
                self.findings.add("unknown", f"{path}.{tag}", f"no member of {shape.name}")
            else:
                members[wire[tag]] = self._member(shape.members[wire[tag]], children, f"{path}.{wire[tag]}")
        for name in attributes:
            self.findings.add("unknown", f"{path}@{name}", f"no attribute of {shape.name}")
        return members

    def _member(self, member, children, path):
        if self._is_flat(member):
            return self._map(member, children, path) if member.type_name == "map" else self._items(member, children, path)
        if len(children) > 1:
            self.findings.add("body", path, f"sent {len(children)} times")
        return self.read(member, children[0], path)

    def _items(self, shape, children, path):
        return [self.read(shape.member, child, f"{path}[{index}]") for index, child in enumerate(children)]

    def _map(self, shape, children, path):
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        entries = {}
        for child in children:
            parts = {local(part.tag): part for part in child}
            if set(parts) != {key_name, value_name}:
                self.findings.add("unknown", path, f"an entry has {key_name} and {value_name}, not {sorted(parts)}")
                continue
            key = parts[key_name].text or ""
            entries[key] = self.read(shape.value, parts[value_name], f"{path}[{key!r}]")
        return entries

    @staticmethod
    def _is_flat(member):
        return member.type_name in ("list", "map") and member.serialization.get("flattened", False)
