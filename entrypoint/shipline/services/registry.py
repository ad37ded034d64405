"""The three services: how the config, the command line, scripts and messages name each, and the variable of its key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from shipline.redaction import Secret


class ServiceInfo(NamedTuple):
    """The names of one service."""

    name: str  # of its config section, its command, and its OpenAPI file in schemas/
    title: str  # in messages
    class_name: str  # in shipline.services
    label: str  # in the questions of `shipline init`
    description: str  # of its command
    key_variable: str

    @property
    def url_variable(self) -> str:
        """The variable that holds the service's base URL."""
        return f"SHIPLINE_{self.name.upper()}_URL"


SERVICES = {
    info.name: info
    for info in (
        ServiceInfo(
            "buildmaster",
            "BuildMaster",
            "BuildMaster",
            "BuildMaster",
            "Releases, builds and deployments of BuildMaster, one operation at a time.",
            "SHIPLINE_BUILDMASTER_API_KEY",
        ),
        ServiceInfo(
            "v3",
            "v3",
            "V3",
            "v3 releases",
            "Releases and their files for customers, one operation at a time.",
            "SHIPLINE_V3_TOKEN",
        ),
        ServiceInfo(
            "centercode",
            "Centercode",
            "Centercode",
            "Centercode",
            "Releases, reports, listeners, imports and feedback of Centercode, one operation at a time.",
            "SHIPLINE_CENTERCODE_API_KEY",
        ),
    )
}
"""The services by name, in the order of the config file; lists for readers are in alphabetical order."""

_JWT = r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
_NOT_THE_KEY = "and not the key itself"
_NOT_KEYS = (
    (r"([\"'`]).*\1", "is in quotes, which would be sent as part of it: remove them"),
    (
        r"\$[A-Za-z_]\w*|\$env:\w+|\$[{(\[].*[})\]]|%[A-Za-z_][\w.]*%|\{\{.*\}\}|<[\w -]+>",
        f"is the name of a variable, {_NOT_THE_KEY}: check the variable in the CI system's settings",
    ),
    (r"[*\u2022]+|\[(MASKED|REDACTED|FILTERED)\]", f"is how a log shows a key, {_NOT_THE_KEY}: copy the key again"),
    (r"https?://.*", f"is a URL, {_NOT_THE_KEY}"),
    (
        r"(?i:(change|replace)[-_ ]?me|your[-_ ].+|x{3,40}|todo|tbd|secret|(my[-_ ]?)?(api[-_ ]?)?(key|token))|\.{3,}",
        f"is a placeholder, {_NOT_THE_KEY}: copy the key from the service",
    ),
)
_TOKENS_OF_GIT_SERVERS = (
    (r"(gh[opsru]|github_pat)_\w{30,}", "is a token of GitHub: expected {service}'s own key"),
    (r"gl(pat|dt|cbt|rt|ptt|ft|imt|soat|oas|agent)-[\w.-]{20,}", "is a token of GitLab: expected {service}'s own key"),
)
_FORMS_OF_OTHER_SERVICES = {  # of the documented forms, those of other services (references: "apiKey", "JWT")
    "buildmaster": (_JWT, "has the form of v3's access token: expected BuildMaster's API key"),
    "centercode": (_JWT, "has the form of v3's access token: expected Centercode's API key"),
    "v3": (
        r"[0-9A-Fa-f]{32}",
        "has the form of Centercode's API key: expected v3's access token, three parts with dots",
    ),
}


def misread_key(key: Secret, service: str, variable: str, folder: Path) -> str:
    """Why a text is plainly not the service's key, in words that don't repeat it; empty if it may be one.

    ``variable``: the one that the key is given in. A path is relative to ``folder``.
    """
    text = key.reveal()
    info = SERVICES.get(service)  # None: the journal, whose token is a git server's
    others: tuple[tuple[str, str], ...] = (*_TOKENS_OF_GIT_SERVERS, _FORMS_OF_OTHER_SERVICES[service]) if info else ()
    for pattern, what in (*_NOT_KEYS, *others):
        if re.fullmatch(pattern, text, re.ASCII | re.DOTALL):
            return what.format(service=info.title if info else "the journal")
    try:
        if (folder / text).is_file():
            return f"is the path of a file, {_NOT_THE_KEY}: put the path into {variable}_FILE instead"
    except (OSError, ValueError):  # too long for a path, or no path at all
        pass
    return key.malformed
