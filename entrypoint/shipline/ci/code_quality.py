"""Wrong input as a report in Code Climate's format, which GitLab and Jenkins' plugin Warnings both read.

GitLab requires ``description``, ``fingerprint``, ``severity`` and ``location`` (GitLab docs, "Code Quality report
format"). The plugin skips an issue without a known category or without ``lines.begin`` (violations-lib,
CodeClimateParser).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shipline.ci.system import System

FILE = "codequality.json"


def report(system: System, pipeline: str) -> str:
    """Return the problems that ``system`` was given, as JSON. Those of no file are shown in the ``pipeline``'s file.

    A fingerprint stays the same when lines move: it is made of the file, the setting and the message.
    """
    issues, seen = [], Counter[str]()
    for problem in system.wrong:
        place = system.located(problem)
        file, line = (place[0], int(place[1])) if place else (pipeline, 1)
        parts = ("" if place else problem.place, problem.path, problem.what)
        identity = "\0".join((file, *parts))
        seen[identity] += 1
        issues.append(
            {
                "description": ": ".join(filter(None, parts)),
                "check_name": problem.path or "input",
                "categories": ["Bug Risk"],
                "severity": "critical",
                "fingerprint": hashlib.sha256(f"{identity}\0{seen[identity]}".encode()).hexdigest(),
                "location": {"path": file, "lines": {"begin": line}},
            }
        )
    return json.dumps(issues, indent=2) + "\n"
