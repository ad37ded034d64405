"""HTTP requests and responses as data."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

from shipline.cancellation import ProgressLine
from shipline.transport.exchange import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

    from shipline.redaction import Secret
    from shipline.transport.upload import Upload


class Report(Protocol):
    """Receives how far an upload is."""

    def progress(self, text: str) -> None:
        """Show what happens now."""

    def ongoing(self, text: str) -> None:
        """Show how far something is; an empty text ends it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its key. ``form``, ``json``, ``upload`` and ``content`` exclude each other.

    ``reads``: it only reads, whatever its method. ``progress`` shows how far its last attempt got.
    """

    method: str
    url: str
    form: Mapping[str, str] | None = None
    json: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reads: bool = False
    progress: Progress = field(default_factory=Progress, repr=False, compare=False)

    @property
    def shown_body(self) -> Any:
        """The body for people and fingerprints: the data, or which file is sent."""
        return str(self.upload) if self.upload else self.form if self.form is not None else self.json

    @contextmanager
    def reported(self, report: Report | None) -> Iterator[None]:
        """Report how far its upload is, and that it starts again."""
        if not self.upload or not report:
            yield
            return
        progress, file = self.progress, self.upload.shown or self.upload.path

        def again() -> None:
            if progress.body and progress.body.sent and progress.body.cut_off:
                report.progress(f"the upload of {file} ended after {progress.body}: it starts again")

        with ProgressLine(report.ongoing, lambda _: f"uploading {file}: {progress.body or 'connecting'}") as line:
            progress.tick, progress.again = line.tick, again
            yield

    @property
    def safe(self) -> bool:
        """True if it only reads."""
        return self.reads or self.method in ("GET", "HEAD")

    @property
    def full_url(self) -> str:
        """The address with its query, for people."""
        return f"{self.url}?{urlencode(self.query)}" if self.query else self.url

    @property
    def shown(self) -> str:
        """Method and address for the log, with the fields of a read-only form."""
        filters = f"?{urlencode(self.form)}" if self.reads and self.form else ""
        return f"{self.method} {self.full_url}{filters}"

    @property
    def check(self) -> str:
        """Advice for a person if it may have been applied."""
        path = urlsplit(self.url).path
        return f"open {self.origin} and check whether {self.method} {path} was applied; if it wasn't, run again"

    @property
    def origin(self) -> str:
        """The server that it goes to."""
        scheme, netloc, *_ = urlsplit(self.url)
        return f"{scheme}://{netloc}"


class Response(NamedTuple):
    """A response. ``cut_off``: a change was accepted (2xx), and the rest of the response was lost."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut_off: bool = False

    @property
    def ok(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    @property
    def media(self) -> str:
        """The content type without its parameters, such as ``text/csv``."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def html(self) -> bool:
        """True for a web page, whatever its content type: some servers declare every error as one."""
        return self.text.lstrip()[:1] == "<"


@dataclass(eq=False, repr=False)
class Credential:
    """The key of a service and its place: a header (``prefix`` before it) or the query."""

    secret: Secret
    place: Literal["header", "query"]
    name: str
    prefix: str = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header. As the ``auth`` of requests: without one, requests would add the credentials of ~/.netrc."""
        if self.place == "header" and request.method != "HEAD":
            request.headers[self.name] = self.prefix + self.secret.reveal()
        return request
