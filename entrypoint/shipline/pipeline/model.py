"""The resolved pipeline: what the inputs request, with every default filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shipline.ci.facts import Facts
    from shipline.interpolation import Template
    from shipline.redaction import Secret
    from shipline.transport.messages import Credential
    from shipline.transport.settings import Network
    from shipline.version import Version


StepName = Literal["build", "deploy", "publish"]


class LinkSettings(NamedTuple):
    """How Centercode shows one link; None: as the target's links."""

    open_in_new_window: bool | None = None
    include_in_download_block: bool | None = None
    log_download_attempts: bool | None = None


class Page(NamedTuple):
    """A link in a Centercode release that is no artifact."""

    label: str
    url: Template
    link: LinkSettings


class Artifact(NamedTuple):
    """A file to link. ``size`` is in bytes; if None, the plan requests it from the server (HEAD)."""

    filename: str
    path: Path | None  # None: remote
    shown_path: str  # relative to the workspace, or the URL
    label: Template
    url: Template | None  # None: not linked
    size: int | None
    sha256: str | None
    md5: str | None
    link: LinkSettings = LinkSettings()


class ReleaseRef(NamedTuple):
    """A BuildMaster release: by ``number``, by ``id``, the ``latest`` active one, or ``none``: a build without one."""

    kind: Literal["number", "id", "latest", "none"]
    value: str


class BuildMasterSettings(NamedTuple):
    """The ``buildmaster`` section. Times are in seconds."""

    url: str  # no trailing slash
    key: Secret | None
    application: str | None
    application_id: int | None  # exactly one of the two is set
    release: ReleaseRef
    pipeline: str | None
    template: str | None
    build_id: int | None
    build_number: str | None
    if_build_exists: Literal["adopt", "fail"]
    variables: Mapping[str, str]  # without the leading "$"
    stages: tuple[str, ...]  # empty: the first stage
    deploy_variables: Mapping[str, Template]
    force: bool
    start_time: str | None  # RFC 3339 with offset
    redeploy: Literal["failed", "never"]
    wait: bool
    timeout: float
    pending_timeout: float
    warned: Literal["accept", "fail"]
    on_failure: Literal["leave", "reject"]
    rejected: Literal["refuse", "accept"] = "refuse"
    numbered_by_run: bool = False  # the build number is the CI run's
    application_slug: str | None = None  # of web addresses


class V3Target(NamedTuple):
    """One entry of ``v3``."""

    name: str  # "v3", or "v3:2" for the second of a list
    url: str  # without /v3
    releases_url: str | None
    key: Secret | None
    product_id: str
    version: str  # 2 to 4 numbers
    channel: str
    platforms: tuple[str, ...]
    private: bool
    attach: Literal["link", "upload", "none"]
    upload_form: Literal["raw", "multipart"]
    state: Literal["draft", "published"]
    if_exists: Literal["complete", "update", "fail"]
    required: bool
    skip: str  # why `when` skips this target; empty: it doesn't
    title: Template
    notes: str  # Markdown, at most 4096 characters
    artifacts: tuple[Artifact, ...]


class CentercodeTarget(NamedTuple):
    """One entry of ``centercode``. Dates are ``YYYY-MM-DDTHH:MM:SSZ``."""

    name: str  # "centercode", or "centercode:2" for the second of a list
    url: str  # without /api/v1
    key: Secret | None
    project: str
    release_type: str
    title: Template
    subtitle: Template | None
    body: str  # HTML
    start_date: str | None
    end_date: str | None
    click_through_notice: bool | None
    bucket_files: tuple[Template, ...]
    open_in_new_window: bool
    include_in_download_block: bool
    log_download_attempts: bool
    artifacts: tuple[Artifact, ...]
    if_exists: Literal["skip", "post", "fail"]
    on_unknown: Literal["fail", "assume", "resend"]
    required: bool
    skip: str
    pages: tuple[Page, ...] = ()


class Listener(NamedTuple):
    """A listener of one entry of ``notify``; it is called for each feedback once the release is announced."""

    name: str  # "notify:comment" or "notify:macro"; "notify:2:…" for the second of a list
    kind: Literal["comment", "macro"]
    url: str  # without /api/v1
    key: Secret | None
    project: str
    listener: str
    body: Mapping[str, Template]  # of a comment; may use the names feedback and release_url
    feedback: tuple[str, ...]
    on_unknown: Literal["fail", "assume", "resend"]
    searched: str  # for people, what was searched for feedback; empty: it is listed in the config
    required: bool
    skip: str


class JournalSettings(NamedTuple):
    """The ``journal`` section with ``store: git``."""

    url: str  # as git reads it: http(s), ssh or a path
    folder: str  # of the refs, such as "refs/shipline"
    lease: float  # seconds
    credential: Credential | None  # of an http(s) address
    checkout: Path  # whose configuration git uses for other addresses


class Pipeline(NamedTuple):
    """Everything that one run needs; ``resolve.load`` returns it."""

    facts: Facts
    version: Version
    steps: frozenset[StepName]
    artifacts: tuple[Artifact, ...]
    check_links: Literal["fail", "warn", "skip"]
    buildmaster: BuildMasterSettings | None
    v3: tuple[V3Target, ...]
    centercode: tuple[CentercodeTarget, ...]
    network: Network
    notes_from: str  # where the notes came from, for people
    notify: tuple[Listener, ...] = ()
    journal: JournalSettings | None = None  # None: the receipt is only a file
    warnings: tuple[str, ...] = ()
    if_older: Literal["fail", "announce"] = "fail"

    @property
    def announces(self) -> bool:
        """True if a target may be announced to."""
        skipped = [target.skip for target in self.v3] + [target.skip for target in self.centercode]
        return "publish" in self.steps and not all(skipped)
