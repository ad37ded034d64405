"""Facts that a CI system reports about its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from shipline import version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shipline.redaction import Secret


class ArtifactUrl(NamedTuple):
    """Where a CI system publishes files: a template with {filename}, {path} or {version}.

    ``replaced`` matches what the system replaces with a dot in a file's name; empty: it keeps the name.
    """

    template: str
    replaced: str = ""


class GitServer(NamedTuple):
    """The CI system's own git server, and the token that the system gives to this job for it."""

    url: str
    token: Secret


class Review(NamedTuple):
    """The comments of the pull request or merge request that a run is for, and the token that may write them.

    ``comments`` lists them and takes new ones; with an id after it, ``comment`` is one of them.
    """

    system: str
    comments: str
    comment: str
    update: str  # the method that changes a comment
    token: Secret | None
    header: str  # which holds the token, after ``prefix``
    prefix: str
    needs: str  # what the token needs
    by_bot: bool = False  # what this token writes has a bot as its author


class Facts(NamedTuple):
    """What a CI system reports about this run. An empty text is unknown.

    ``run_attempt`` is None where the CI system never reports it. ``artifact_urls`` has the presets of
    ``artifacts-url`` that this run can use.
    """

    ci: str = "local"
    tag: str = ""
    branch: str = ""
    sha: str = ""
    run_id: str = ""
    run_number: str = ""
    run_attempt: int | None = None
    began: datetime | None = None  # the run began then, or later
    job: str = ""  # distinguishes the jobs of one run
    run_url: str = ""
    repository: str = ""
    actor: str = ""
    artifact_urls: Mapping[str, ArtifactUrl] = {}
    tags: tuple[str, ...] = ()  # of the commit, if they give no ``tag``
    tag_hint: str = ""  # why there is no tag, if the commit has some
    git_server: GitServer | None = None
    key_hint: str = ""  # why the CI system gives this run no keys, if it doesn't

    def of_product(self, tag_prefix: str) -> Facts:
        """Return the facts of the product with this prefix: its tag is the commit's only one that begins so."""
        own = [tag for tag in self.tags if tag_prefix and version.from_tag(tag, tag_prefix) is not None]
        return self._replace(tag=own[0], tags=(), tag_hint="") if len(own) == 1 else self


def host_and_repository(url: str) -> tuple[str, str]:
    """Return ``host`` and ``acme/widget`` for ``https://host/acme/widget.git`` and ``git@host:acme/widget.git``."""
    if "://" in url:
        host, path = urlsplit(url).hostname or "", urlsplit(url).path
    else:  # of a folder, the host is empty
        host, _, path = url.rpartition("@")[2].rpartition(":")
    return host, path.replace("\\", "/").strip("/").removesuffix(".git")
