"""The validated request as frozen dataclasses: what the inputs ask for, with every default filled in."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from shipline.record import dataclass
from shipline.transport.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shipline.text import Text
    from shipline.transport.redaction import Secret
    from shipline.version import Version

StepName = Literal["build", "deploy", "publish"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the CI system says about this run. An empty string is unknown."""

    ci: str = "local"
    tag: str = ""
    branch: str = ""
    sha: str = ""
    run_id: str = ""
    run_number: str = ""
    run_attempt: int | None = None  # None where the CI system never says
    run_url: str = ""
    repository: str = ""
    actor: str = ""
    artifact_base_url: str = ""  # what `artifacts-url: ci` stands for; a template with {filename} and {path}
    tag_hint: str = ""  # why there is no tag, if the checkout has some
    key_hint: str = ""  # why the CI system gives this run no keys, if it doesn't


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file to link. ``size`` is in bytes; None means the plan asks the server (HEAD)."""

    filename: str
    path: Path | None  # None: remote
    shown_path: str  # relative to the workspace, or the URL
    label: Text
    url: Text | None  # None: not linked
    size: int | None
    sha256: str | None
    md5: str | None


@dataclass(frozen=True, slots=True)
class ReleaseRef:
    """Which BuildMaster release: by ``number``, by ``id``, or the ``latest`` active one."""

    kind: Literal["number", "id", "latest"]
    value: str


@dataclass(frozen=True, slots=True)
class BuildMaster:
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
    deploy_variables: Mapping[str, Text]
    force: bool
    start_time: str | None  # RFC 3339 with offset
    redeploy: Literal["failed", "never"]
    wait: bool
    timeout: float
    pending_timeout: float
    warned: Literal["accept", "fail"]
    on_failure: Literal["leave", "reject"]


@dataclass(frozen=True, slots=True)
class V3Target:
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
    title: Text
    notes: str  # Markdown, at most 4096 characters
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True)
class CentercodeTarget:
    """One entry of ``centercode``. Dates are ``YYYY-MM-DDTHH:MM:SSZ``."""

    name: str  # "centercode", or "centercode:2" for the second of a list
    url: str  # without /api/v1
    key: Secret | None
    project: str
    release_type: str
    title: Text
    subtitle: Text | None
    body: str  # HTML
    start_date: str | None
    end_date: str | None
    click_through_notice: bool | None
    bucket_files: tuple[Text, ...]
    open_in_new_window: bool
    include_in_download_block: bool
    log_download_attempts: bool
    artifacts: tuple[Artifact, ...]
    if_exists: Literal["skip", "post", "fail"]
    on_unknown: Literal["fail", "assume", "resend"]
    required: bool
    skip: str


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener that one entry of ``notify`` has called for each feedback, once the release is announced."""

    name: str  # "notify:comment" or "notify:macro"; "notify:2:…" for the second of a list
    kind: Literal["comment", "macro"]
    url: str  # without /api/v1
    key: Secret | None
    project: str
    listener: str
    body: Mapping[str, Text]  # of a comment; may use the names feedback and release_url
    feedback: tuple[str, ...]
    on_unknown: Literal["fail", "assume", "resend"]
    searched: str  # where feedback was looked for, for people; empty: it is listed in the config
    required: bool
    skip: str


@dataclass(frozen=True, slots=True)
class Network:
    """Times are in seconds. ``ca_bundle`` is a path, or PEM text."""

    connect_timeout: float = 10
    read_timeout: float = 60
    retry_for: float = 120
    ca_bundle: str | None = None
    client_certificate: str | None = None  # the path of a PEM file that holds its key too
    budget: Budget = field(default_factory=Budget, repr=False, compare=False)  # of retries, for all of a run's sessions


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything one run needs to know; made by ``resolve.load``."""

    facts: Facts
    version: Version
    steps: frozenset[StepName]
    artifacts: tuple[Artifact, ...]
    check_links: Literal["fail", "warn", "skip"]
    buildmaster: BuildMaster | None
    v3: tuple[V3Target, ...]
    centercode: tuple[CentercodeTarget, ...]
    network: Network
    notes_from: str  # where the notes came from, for people
    notify: tuple[Listener, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())
