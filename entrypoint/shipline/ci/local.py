"""No CI system: a person's machine. Git reports the facts."""

from __future__ import annotations

from typing import ClassVar

from shipline import git, version
from shipline.ci.facts import Facts
from shipline.ci.system import System
from shipline.display import listed

_MAX_SHOWN_TAGS = 5
_WORDS = {2: "two", 3: "three"}


class Local(System):
    """A terminal, in a checkout or elsewhere."""

    merges_streams: ClassVar[bool] = False

    def facts(self) -> Facts:
        wanted = ("--points-at=HEAD", "--format=%(refname) %(objectname) %(HEAD)", "refs/heads", "refs/tags")
        refs = git.output(self.workspace, "for-each-ref", *wanted)
        if refs is None:
            return Facts(ci=self.name)
        at_head = [line.split() for line in refs.splitlines()]
        tags = tuple(name.removeprefix("refs/tags/") for name, *_ in at_head if name.startswith("refs/tags/"))
        tag, hint = _tag(tags)
        facts = Facts(ci=self.name, tag=tag, tags=() if tag else tags, tag_hint=hint)
        for name, sha, *current in at_head:
            if current:
                branch = name.removeprefix("refs/heads/")
                return facts._replace(branch=branch, sha=sha)
        return facts._replace(sha=git.head(self.workspace))


def _tag(tags: tuple[str, ...]) -> tuple[str, str]:
    """Choose the commit's tag, and explain why there is none. Versions go before other tags; two versions are none."""
    versions = [tag for tag in tags if version.parsed(tag)]
    if len(versions or tags) == 1:
        return (versions or tags)[0], ""
    if not tags:
        return "", ""
    count, kind = len(versions or tags), "version tags here" if versions else "tags here, and none is a version"
    return "", f"{_WORDS.get(count, count)} {kind}: {listed(versions or tags, _MAX_SHOWN_TAGS)}"
