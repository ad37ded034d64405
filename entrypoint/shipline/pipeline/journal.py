"""The ``journal`` section: the address of the git repository that keeps the receipt, and what authenticates there."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from shipline import git
from shipline.pipeline.model import JournalSettings
from shipline.redaction import Secret, redact
from shipline.transport.messages import Credential

if TYPE_CHECKING:
    from shipline.ci.facts import Facts
    from shipline.pipeline.secrets import CredentialResolver
    from shipline.pipeline.section import Section


def resolve(section: Section, keys: CredentialResolver, facts: Facts, workspace: Path) -> JournalSettings | None:
    """The section with every default; None unless its store is git. Reads the configuration of the checkout."""
    token = keys.of(section, "token", used=False)
    if section.value("store") != "git":
        return None
    remote = str(section.value("remote"))
    url = _address(section, remote, workspace)
    username = section.text("username") or ("gitlab-ci-token" if facts.ci == "gitlab" else "x-access-token")
    credential = None
    if url.startswith(("http://", "https://")):
        parts = urlsplit(url)
        own = parts.password
        url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        if token is not None:
            credential = _basic_credential(username, token)
        elif own:
            credential = _basic_credential(parts.username or username, Secret(own, "the remote's address"))
        else:
            credential = _checkout_credential(url, workspace) or _ci_credential(url, username, facts)
    return JournalSettings(url, str(section.value("ref")), section.seconds("lease"), credential, workspace)


def _address(section: Section, remote: str, workspace: Path) -> str:
    """The address of a remote of the checkout, rewritten as its configuration says (insteadOf), or ``remote``."""
    address = git.output(workspace, "ls-remote", "--get-url", remote) or remote
    if address == remote and "/" not in remote and ":" not in remote:
        what = f"there is no git remote {remote} in this checkout: expected the name of one, or a repository's address"
        section.complain(what, *(("remote",) if section.given("remote") else ()))
    if re.fullmatch(r"\.{1,2}(/.*)?", address):  # git resolves it from the checkout's top, wherever it runs
        return str(Path(git.output(workspace, "rev-parse", "--show-toplevel") or workspace, address).resolve())
    return address


def _basic_credential(username: str, token: Secret) -> Credential:
    encoded = base64.b64encode(f"{username}:{token.reveal()}".encode()).decode()
    redact.register(token)
    redact.register(secret := Secret(encoded, token.name))
    return Credential(secret, "header", "Authorization", "Basic ")


def _ci_credential(url: str, username: str, facts: Facts) -> Credential | None:
    """The token that the CI system gives to its jobs, for its own git server and no other."""
    server = facts.git_server
    if server is None or urlsplit(server.url)[:2] != urlsplit(url)[:2]:
        return None
    return _basic_credential(username, server.token)


def _checkout_credential(url: str, workspace: Path) -> Credential | None:
    """The header that the CI system's checkout step has left in git's configuration for this address."""
    header = git.output(workspace, "config", "--get-urlmatch", "http.extraHeader", url) or ""
    name, _, text = header.partition(":")
    if not text.strip():
        return None
    redact.register(secret := Secret(text.strip(), "http.extraHeader of the checkout"))
    redact.register(Secret(text.strip().rpartition(" ")[2], secret.name))
    return Credential(secret, "header", name.strip())
