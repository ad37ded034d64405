"""Counts what docs/how-to/first-pipeline.md asks for, up to the first release from a pipeline, for each CI system.

Prints the commands, the edits and the forms to fill in; exits with 1 if there are more than LIMITS.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).resolve().parents[1] / "docs/how-to/first-pipeline.md"
SYSTEMS = {"github": "GitHub", "gitlab": "GitLab", "jenkins": "Jenkins"}
LIMITS = {"commands": 8, "edits": 6}
OWN = "## Release from your pipeline"
"""The section that is counted; before it is a trial with the sandbox."""


class Effort(NamedTuple):
    """What a newcomer does."""

    commands: list[str]
    edits: list[str]
    forms: list[str]


def effort(ci: str, page: str) -> Effort:
    """What the page asks of a user of this CI system. A line with several commands counts as several."""
    page = page.partition(OWN)[2]
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    commands = [
        part.strip() for line in lines for part in re.split(r"&&|\|\||[;|]", line.replace("--ci github", f"--ci {ci}"))
    ]
    edits = re.findall(r"^\d+\. \*\*Edit\*\* ([^:.]+)", page, re.MULTILINE)
    forms = re.findall(rf"^\| `{ci}` \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    return Effort(commands, edits, [f"{form}: {entered}" for form, entered in forms])


def main() -> int:
    """Print the count for each CI system."""
    page, too_many = PAGE.read_text(encoding="utf-8"), False
    for ci, name in SYSTEMS.items():
        found = effort(ci, page)
        counts = {"commands": len(found.commands), "edits": len(found.edits)}
        print(f"{name}: {counts['commands']} commands, {counts['edits']} edits, {len(found.forms)} forms")
        for kind, lines in found._asdict().items():
            print("".join(f"  {kind.removesuffix('s')}: {line}\n" for line in lines), end="")
        too_many |= any(counts[kind] > limit for kind, limit in LIMITS.items()) or not found.forms
    return int(too_many)


if __name__ == "__main__":
    sys.exit(main())
