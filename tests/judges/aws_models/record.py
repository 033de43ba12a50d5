"""A line for each request, and the sums."""

import json
from collections import Counter


class Record:
    """Writes JSON lines as verdicts come in, and the sums at the end."""

    def __init__(self, report):
        self.report = report
        self.operations = Counter()
        self.unsigned = self.violations = self.excused = 0
        self.unjudged_patterns = set()

    def add(self, request, verdict):
        if verdict is None:
            self.unsigned += 1
            line = {"unsigned": f"{request.method} {request.target}"}
        else:
            self.operations[verdict.operation] += 1
            self.violations += len(verdict.violations)
            self.excused += len(verdict.excused)
            self.unjudged_patterns |= verdict.unjudged_patterns
            line = {"operation": verdict.operation, "protocol": verdict.protocol, "bytes": len(request.body)}
            line["violations"] = [finding.as_json() for finding in verdict.violations]
            line["excused"] = [finding.as_json() for finding in verdict.excused]
        self._write(line)

    def close(self):
        """Writes and returns the sums."""
        sums = {
            "requests": self.operations.total(),
            "unsigned": self.unsigned,
            "violations": self.violations,
            "excused": self.excused,
            "operations": dict(sorted(self.operations.items())),
            "unjudged_patterns": sorted(self.unjudged_patterns),
        }
        self._write({"summary": sums})
        return sums

    def _write(self, line):
        self.report.write(json.dumps(line) + "\n")
        self.report.flush()
