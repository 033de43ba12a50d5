"""One way in which a request breaks its model."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """What is wrong (`rule`), where (`path`), and what was sent (`detail`)."""

    rule: str
    path: str
    detail: str

    def as_json(self):
        return {"rule": self.rule, "path": self.path, "detail": self.detail}


@dataclass
class Findings:
    """What was found so far, and the patterns that Python cannot read."""

    all: list = field(default_factory=list)
    unjudged_patterns: set = field(default_factory=set)

    def add(self, rule, path, detail):
        self.all.append(Finding(rule, path, detail))


class Unreadable:
    """Stands for a member that was sent but not understood, so that it does not count as missing as well."""

    def __repr__(self):
        return "<unreadable>"


UNREADABLE = Unreadable()
