"""The commits of a release, which are those that no earlier version's tag contains, and notes made of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shipline import git
from shipline import version as versions
from shipline.display import blank_controls, counted, escape_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from shipline.version import Version


_MAX_COMMITS = 5000
HOW_TO_FETCH = "GitHub: fetch-depth: 0 of actions/checkout; GitLab: GIT_DEPTH: 0; Jenkins: no shallow clone, fetch tags"
_SHALLOW = f"the checkout is shallow and doesn't reach the tag of an earlier version: fetch all of it ({HOW_TO_FETCH})"
_LOG = (
    "log",
    "--no-show-signature",
    "--no-color",
    "--no-decorate",
    "--encoding=UTF-8",
    f"--max-count={_MAX_COMMITS + 1}",
)
_MERGES = "merges"  # in `exclude`, commits with several parents
_CONVENTIONAL = re.compile(r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^()]*)\))?(?P<breaking>!)?:\s*(?P<description>\S.*)")
_REVERT = re.compile(r'Revert "(?P<subject>.+)"(?P<rest>.*)')  # the subject that `git revert` writes
_REVERTED = re.compile(r"^This reverts commit (?P<sha>[0-9a-f]{40,64})\b", re.MULTILINE)
# It ends at the next footer, or at what git and its hosts write below: squashed commits, "(cherry picked from …)".
_BREAKING_FOOTER = re.compile(
    r"^BREAKING[ -]CHANGE:\s*(.+?)(?=\n\s*\n\s*(?:[-*]|\(cherry)|\n[\w-]+(?:\([^()\n]*\))?!?(?:: | #)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_BREAKING, _OTHER = "Breaking Changes", "Other Changes"
# In the order and with the names of release-please and conventional-changelog, which leave out most after Reverts.
_GROUPS = {
    "feat": "Features",
    "feature": "Features",
    "fix": "Bug Fixes",
    "security": "Security",
    "perf": "Performance Improvements",
    "deps": "Dependencies",
    "revert": "Reverts",
    "docs": "Documentation",
    "style": "Styles",
    "refactor": "Code Refactoring",
    "test": "Tests",
    "build": "Build System",
    "ci": "Continuous Integration",
    "chore": "Miscellaneous Chores",
}


class Commit(NamedTuple):
    """One commit; ``message`` includes the subject."""

    sha: str
    subject: str
    message: str
    merge: bool


class History(NamedTuple):
    """The commits of a release, newest first, and the tag of the highest earlier version (empty: none)."""

    commits: tuple[Commit, ...]
    since: str
    other_tag: str = ""  # a version's tag with another prefix

    def __str__(self) -> str:
        count = counted(len(self.commits), "commit")
        return f"{count} since {self.since}" if self.since else f"all {count}"

    @property
    def without_earlier_tag(self) -> str:
        """What to do if there is no tag of an earlier version."""
        other = f" (set tag-prefix if {self.other_tag} is one)" if self.other_tag else ""
        return (
            f"the checkout has no tag of an earlier version{other}: fetch the full history with its tags"
            f" ({HOW_TO_FETCH})"
        )


def of_release(workspace: Path, version: Version, tag: str, prefix: str = "") -> History:
    """Read the commits that lead to HEAD and to no tag of an earlier version; without such a tag, all of them.

    Pre-releases of the same version aren't earlier: 1.5.0 after 1.5.0-beta.3 contains everything new since 1.4. The
    tags of a product begin with ``prefix``, else with what ``tag``, the release's own, has before its version
    (``widget/v`` of ``widget/v1.5.0``). Raises ValueError if git can't read the commits, without commits, and with too
    many to be the changes of a release.
    """
    _git(workspace, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", otherwise="the checkout has no commit yet")
    # A release branch that was never merged has tags that don't lead to HEAD, and its commits are released too. What
    # was tagged after HEAD is no earlier release, whatever its number.
    tags = {name for option in ("--merged", "--no-contains") for name in _tags(workspace, f"{option}=HEAD")}
    if not prefix and tag.endswith(version.text):
        prefix = tag.removesuffix(version.text).removesuffix("v")
    earlier = _earlier(tags, version, prefix)
    others = (name for name in tags if re.search(r"[0-9]\.[0-9]", name) and versions.from_tag(name, prefix) is None)
    revisions = "\n".join(("HEAD", *(f"^refs/tags/{name}" for name in earlier), ""))
    log = _git(workspace, *_LOG, "-z", "--format=%H%x1f%P%x1f%s%x1f%B", "--stdin", stdin=revisions)
    history = History(
        tuple(map(_commit, filter(None, log.split("\0")))),
        since=earlier[0] if earlier else "",
        other_tag=max(others, default=""),
    )
    if not _shallow_boundary(workspace).isdisjoint(commit.sha for commit in history.commits):
        raise ValueError(_SHALLOW)
    if not history.commits:
        raise ValueError(f"there are no commits since {history.since}: expected what changed")
    if len(history.commits) > _MAX_COMMITS:
        after = f"since {history.since}" if history.since else "and no tag of an earlier version"
        raise ValueError(f"there are more than {_MAX_COMMITS} commits {after}: write the notes to a file")
    return history


def choose(commits: Iterable[Commit], exclude: Iterable[str]) -> list[Commit]:
    """Return the commits that no pattern of ``exclude`` fits, without those that another one reverts, and without that.

    A pattern is the beginning of a subject, as full words and in any case; ``*`` matches any text. ``merges`` are
    the commits with several parents. After a pattern no ``!`` may follow, which marks a breaking change.
    """
    patterns = set(exclude)
    begins = [re.escape(pattern).replace(r"\*", ".*") for pattern in patterns - {_MERGES}]
    excluded = re.compile(rf"(?:{'|'.join(begins)})(?:(?<!\w)|(?!\w))(?!!)", re.IGNORECASE) if begins else None
    return [
        commit
        for commit in _without_reverted(commits)
        if blank_controls(commit.subject)
        and not (commit.merge and _MERGES in patterns)
        and not (excluded and excluded.match(commit.subject))
    ]


def _without_reverted(commits: Iterable[Commit]) -> list[Commit]:
    """Return the commits, newest first, without each pair of a revert and what it reverts.

    The commits that a merge brought stay, and so does the revert of that merge.
    """
    left = {commit.sha: commit for commit in commits}
    for commit in list(left.values()):
        reverted = _REVERTED.search(commit.message) if commit.sha in left else None
        if reverted and reverted["sha"] in left and not left[reverted["sha"]].merge:
            del left[reverted["sha"]], left[commit.sha]
    return list(left.values())


def as_markdown(commits: Sequence[Commit]) -> str:
    """List the subjects, in groups if most of them have the type of a conventional commit; their markup is escaped.

    Source: conventionalcommits.org, 1.0.0.
    """
    typed = sum(_group(commit) != _OTHER for commit in commits)
    if typed * 2 <= len(commits):
        return "\n".join(f"- {_escaped(commit.subject)}" for commit in commits)
    groups: dict[str, list[str]] = {name: [] for name in (_BREAKING, *_GROUPS.values(), _OTHER)}
    for commit in commits:
        groups[_BREAKING] += (_item(commit, text) for text in _breaking(commit))
        groups[_group(commit)].append(_item(commit))
    return "\n\n".join(f"### {name}\n\n" + "\n".join(items) for name, items in groups.items() if items)


def _group(commit: Commit) -> str:
    """Return the heading that a commit is listed under."""
    if _REVERT.match(commit.subject):
        return _GROUPS["revert"]
    match = _CONVENTIONAL.match(commit.subject)
    return _GROUPS.get(match["type"].lower(), _OTHER) if match else _OTHER


def _breaking(commit: Commit) -> Iterator[str]:
    """Yield what the commit breaks: the texts of its footers, else its description if that is marked with ``!``."""
    footers = _BREAKING_FOOTER.findall(commit.message)
    match = _CONVENTIONAL.match(commit.subject)
    yield from footers or ([match["description"]] if match and match["breaking"] else [])


def _item(commit: Commit, text: str = "") -> str:
    """Return a line of a group: the scope, and ``text``, else the subject without its type."""
    match = _CONVENTIONAL.match(commit.subject) if _group(commit) != _OTHER else None
    revert = _REVERT.match(commit.subject)
    scope = f"**{_escaped(match['scope'])}:** " if match and (match["scope"] or "").strip() else ""
    subject = match["description"] if match else revert["subject"] + revert["rest"] if revert else commit.subject
    return f"- {scope}{_escaped(text or subject)}"


def _escaped(text: str) -> str:
    return escape_markdown(blank_controls(text), sparingly=True)


def _tags(workspace: Path, option: str) -> list[str]:
    return _git(workspace, "for-each-ref", option, "--format=%(refname:strip=2)", "refs/tags").splitlines()


def _earlier(tags: Iterable[str], version: Version, prefix: str) -> list[str]:
    """Return the tags of earlier versions, the highest first.

    A higher version may have been merged too: its commits are new to a lower one all the same. Where v2.0.0 exists, v2
    isn't a version but a name that moves on to the newest 2.x.
    """
    parsed = ((versions.from_tag(name, prefix), name) for name in tags)
    earlier = [
        (other.order, len(other.numbers), name)
        for other, name in parsed
        if other is not None
        and other.order < version.order
        and not (other.prerelease and not version.prerelease and other.four_numbers == version.four_numbers)
    ]
    most_numbers: dict[object, int] = {}
    for order, numbers, _ in earlier:
        most_numbers[order] = max(numbers, most_numbers.get(order, 0))
    return [name for order, numbers, name in sorted(earlier, reverse=True) if numbers == most_numbers[order]]


def _commit(record: str) -> Commit:
    """Parse a record of ``git log``: SHA, parents' SHAs, subject and message, separated by U+001F."""
    sha, parents, subject, message = record.split("\x1f", 3)
    return Commit(sha, subject, message, merge=" " in parents)


def _shallow_boundary(workspace: Path) -> frozenset[str]:
    """Return the SHAs of the commits where a shallow checkout's history ends."""
    file = workspace / _git(workspace, "rev-parse", "--git-path", "shallow").strip()
    return frozenset(file.read_text(encoding="ascii").split()) if file.is_file() else frozenset()


def _git(workspace: Path, *arguments: str, stdin: str = "", otherwise: str = "") -> str:
    """Run git and return its output. Raises ValueError with git's own message, or ``otherwise``, if it fails."""
    try:
        completed = git.run(workspace, *arguments, stdin=stdin)
    except git.MissingGitError:
        raise ValueError("the commits are read by git, and there is none on this machine: install it") from None
    except OSError as error:
        raise ValueError(f"reading the commits failed: {type(error).__name__}") from None
    if completed.exit_code == 0:
        return completed.stdout
    message = " ".join(completed.stderr.split())
    if "not a git repository" in message:
        raise ValueError("there is no git checkout here: expected one, with its history and tags")
    raise ValueError(otherwise or f"reading the commits failed, git responded: {message[:200]}")
