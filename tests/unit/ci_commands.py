"""What each CI system obeys in a log, ported from its agent, its clients or its docs: name, properties and text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    text: str


def _lines(log: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", log)


def github(log: str) -> Iterator[Command]:
    """actions/runner, ActionCommand.cs: ``::`` after blanks, and ``##[`` anywhere."""
    for line in _lines(log):
        if found := re.match(r"\s*::([\w-]+)[^:]*::(.*)", line):
            yield Command(found[1], {}, found[2])
        elif "##[" in line:
            yield Command("##[", {}, line)


def gitlab(log: str) -> Iterator[Command]:
    """GitLab docs, "Job logs": the sections."""
    for kind, name in re.findall(r"section_(start|end):[0-9]+:([A-Za-z0-9_.-]+)\r\x1b\[0K", log):
        yield Command(kind, {}, name)


_AZURE = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\ufe0f\ufeff]*".join(map(re.escape, "##vso[")))
AZURE_ESCAPES = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%"))


def azure(log: str) -> Iterator[Command]:
    """azure-pipelines-agent, Command.cs and CommandStringConvertor.cs; and what its web page shows as a group or error.

    The agent's search of the beginning compares as people read: it overlooks characters without a width.
    """
    for line in _lines(log):
        if found := re.match(r"##\[(\w+)\](.*)", line):
            yield Command(found[1], {}, found[2])
        begin = _AZURE.search(line)
        head, end, text = line[begin.start() + len("##vso[") :].partition("]") if begin else ("", "", "")
        if begin and end:
            name, _, given = head.partition(" ")
            pairs = (entry.partition("=") for entry in given.split(";") if entry)
            yield Command(name, {key: _azure_value(value) for key, _, value in pairs}, _azure_value(text))


def _azure_value(text: str) -> str:
    for escaped, plain in AZURE_ESCAPES:
        text = text.replace(escaped, plain)
    return text


_TEAMCITY = re.compile(r"##teamcity\[([^\s'\]]+)((?:\s*(?:\w+\s*=\s*)?'(?:[^|']|\|.)*')*)\s*\]", re.DOTALL)
_TEAMCITY_VALUE = re.compile(r"(?:(\w+)\s*=\s*)?'((?:[^|']|\|.)*)'", re.DOTALL)
_TEAMCITY_ESCAPES = {"n": "\n", "r": "\r", "x": "\x85", "l": "\u2028", "p": "\u2029"}


def teamcity(log: str) -> Iterator[Command]:
    """TeamCity docs, "Service Messages", and JetBrains' ServiceMessageParser.cs: anywhere in the text."""
    for found in _TEAMCITY.finditer(log):
        values = {
            name: re.sub(r"\|(.)", lambda match: _TEAMCITY_ESCAPES.get(match[1], match[1]), value)
            for name, value in _TEAMCITY_VALUE.findall(found[2])
        }
        yield Command(found[1], values, values.get("", ""))


def nothing(log: str) -> Iterator[Command]:
    """Logs that their CI system only shows."""
    yield from ()


OBEYED: dict[str, Callable[[str], Iterator[Command]]] = {
    "github": github,
    "gitlab": gitlab,
    "azure": azure,
    "teamcity": teamcity,
    "jenkins": nothing,
    "local": nothing,
    "others": nothing,
}
