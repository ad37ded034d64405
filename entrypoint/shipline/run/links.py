"""Links to artifacts, requested as everybody will open them: without credentials, following redirects."""

from __future__ import annotations

import io
import math
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import requests

from shipline.cancellation import Poll, ProgressLine
from shipline.errors import RefusedError
from shipline.transport import failures, prefetch
from shipline.transport.exchange import Progress, perform
from shipline.transport.prefetch import Prefetched
from shipline.values import human_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from shipline.pipeline.model import Artifact
    from shipline.transport.connection import Adapter
    from shipline.transport.settings import Network


_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_PAGE_NAMES = (".html", ".htm", ".xhtml")
_OK, _PARTIAL_CONTENT, _FIRST_ERROR = 200, 206, 400
_RANGE_NOT_SATISFIABLE = 416  # the response to a range of an empty file
_MAX_WAIT_S = 120.0  # for a file that CI has only just uploaded, or a slow mirror
_PAUSE_S = 2.0
_MAX_SHOWN = 5
_NEEDS_SIGN_IN = frozenset({401, 403, 404})  # responses to a file that only members may see
_METHODS: tuple[tuple[str, dict[str, str]], ...] = (("HEAD", {}), ("GET", {"Range": "bytes=0-0"}))


class File(NamedTuple):
    """A file to download: ``size`` in bytes as it will be announced (None: as its server reports)."""

    url: str
    size: int | None = None
    page: bool = False  # it is a web page itself


class Link(NamedTuple):
    """How a server responded to a link: ``status`` (None: it didn't), the file's size in bytes, and its problem."""

    url: str
    status: int | None
    size: int | None
    problem: str = ""  # why a customer couldn't download the file

    @property
    def good(self) -> bool:
        """True if a customer can download the file."""
        return not self.problem

    def __str__(self) -> str:
        return f"{self.url}: {self.problem}"


class LinkChecker:
    """Requests each link once and remembers the result; links of several hosts at the same time."""

    def __init__(self, network: Network, ongoing: Callable[[str], None] = lambda _: None) -> None:
        self._network = network
        self._ongoing = ongoing  # shows how far the check is
        self._links: dict[File, Link] = {}
        self._prefetched: dict[File, Prefetched[Link]] = {}

    def link(self, artifact: Artifact, values: Mapping[str, str]) -> Link | None:
        """The artifact's link; None if it has none yet. A bad one is requested again: it may have been uploaded."""
        file = _file(artifact, values)
        if file and file in self._links and not self._links[file].good:
            del self._links[file]
        return self.look_up(file) if file else None

    def size(self, artifact: Artifact, values: Mapping[str, str]) -> int | None:
        """The artifact's size in bytes: its own, else the server's; None if neither is known."""
        if artifact.size is not None:
            return artifact.size
        link = self.link(artifact, values)
        return link.size if link else None

    def known(self, artifact: Artifact, values: Mapping[str, str]) -> Link | None:
        """The artifact's link as it is known without a request."""
        return self._links.get(file) if (file := _file(artifact, values)) else None

    def known_size(self, artifact: Artifact, values: Mapping[str, str]) -> int | None:
        """The artifact's size in bytes as far as it is known without a request."""
        link = self.known(artifact, values)
        return link.size if artifact.size is None and link else artifact.size

    def of(self, artifacts: Iterable[Artifact], values: Mapping[str, str]) -> list[File]:
        """What these artifacts link to, each once, as far as their URLs are known."""
        return list(dict.fromkeys(file for artifact in artifacts if (file := _file(artifact, values))))

    def look_up(self, file: File, tick: Callable[[], None] = lambda: None) -> Link:
        """The link, requested unless its result is remembered. ``tick`` is called while a thread requests it."""
        if file not in self._links:
            prefetched = self._prefetched.pop(file, None)
            self._links[file] = prefetched.take(tick) if prefetched else self._request(file)
        return self._links[file]

    def look_up_all(self, files: Iterable[File]) -> list[Link]:
        """The links, in the order of the files."""
        files, links = [*files], list[Link]()
        begun = {file for file, request in self._prefetched.items() if request.begun}
        new = [file for file in files if file not in self._links and file not in begun]
        prefetch.begin(self.prefetched(new, fresh_for=math.inf))
        with ProgressLine(self._ongoing, lambda _: f"checking links: {len(links)} of {len(files)}") as line:
            for file in files:
                links.append(self.look_up(file, line.tick))
                line.tick()
        return links

    def prefetched(self, files: Iterable[File], fresh_for: float = 60.0) -> list[Prefetched[Link]]:
        """New requests of these links, whose results ``look_up`` takes."""
        new = {file: Prefetched(file.url, partial(self._request, file), fresh_for) for file in files}
        self._prefetched |= new
        return [*new.values()]

    def checked(self, files: Iterable[File], progress: Callable[[str], None], *, patient: bool = True) -> list[Link]:
        """Request each link again, and return the links in the order of the files.

        Bad links get up to two minutes (``network.retry-for`` if that is less) until they work.

        Unless it is ``patient``, servers that don't respond at all get no time.
        """
        limit = min(_MAX_WAIT_S, self._network.retry_for)
        poll = Poll(lambda _: _PAUSE_S)
        files = list(dict.fromkeys(files))
        waiting, reported = files, 0
        with ProgressLine(self._ongoing, lambda _: f"waiting for {len(waiting)} of {len(files)} links to work") as line:
            while True:
                for file in waiting:
                    self._links.pop(file, None)
                links = zip(waiting, self.look_up_all(waiting), strict=True)
                bad = {file: link for file, link in links if not link.good}
                waiting = [file for file, link in bad.items() if patient or link.status is not None]
                if not waiting or poll.exceeds(limit):
                    return [self._links[file] for file in files]
                if len(waiting) != reported:
                    count = f"{len(waiting)} links" if len(waiting) > 1 else "a link"
                    progress(f"waiting up to {human_duration(limit)} for {count} to work, such as {waiting[0].url}")
                    reported = len(waiting)
                line.tick()
                poll.wait()

    def _request(self, file: File) -> Link:
        """The link by HEAD; by one byte with GET if that doesn't show a good one and its size."""
        link = Link(file.url, None, None, "not requested")
        session = UnauthenticatedSession(self._network.adapter)
        for method, headers in _METHODS:
            progress = Progress()
            try:
                link = _judge(file, self._send(session, progress, method, file.url, headers))
            except (requests.exceptions.RequestException, OSError, ValueError) as error:
                link = Link(file.url, None, None, f"unreachable: {failures.cause(progress, error)}")
                if not (progress.sent and isinstance(error, requests.exceptions.ConnectionError)):
                    break  # else the server doesn't support HEAD
            if link.good and link.size:
                break
        return link

    def _send(
        self, session: requests.Session, progress: Progress, method: str, url: str, headers: dict[str, str]
    ) -> requests.Response:
        def exchange() -> requests.Response:
            response = session.request(
                method,
                url,
                headers={"Accept-Encoding": "identity", **headers},
                timeout=(self._network.connect_timeout, self._network.read_timeout),
                allow_redirects=True,
                stream=True,
                verify=self._network.verify,
            )
            if method == "HEAD":
                response.content  # noqa: B018 - none comes; the connection is free once it was read
            response.close()
            return response

        return perform(exchange, progress, 2 * self._network.read_timeout)


def _file(artifact: Artifact, values: Mapping[str, str]) -> File | None:
    """What the artifact links to; None without a URL, or with one that needs values which aren't known yet."""
    if artifact.url is None or artifact.url.names - values.keys():
        return None
    return File(artifact.url.fill(values), artifact.size, artifact.filename.lower().endswith(_PAGE_NAMES))


def _judge(file: File, response: requests.Response) -> Link:
    """The link by its response: with a problem if a customer who gets this response doesn't have the file."""
    status, headers, size = response.status_code, response.headers, _size(response)
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    redirect = ""
    if response.history:
        redirect = f", after a redirect to {urlsplit(response.url)._replace(query='', fragment='').geturl()}"
    empty = status == _RANGE_NOT_SATISFIABLE and size == 0
    if status < _FIRST_ERROR and media_type in _PAGES and not file.page:
        return Link(file.url, status, None, f"the server returns a web page instead of the file{redirect}")
    if status not in (_OK, _PARTIAL_CONTENT) and not empty:
        return Link(file.url, status, None, f"the server responds {status}{redirect}")
    if headers.get("Content-Encoding", "identity").lower() != "identity" and file.size is not None:
        return Link(file.url, status, None)  # the size is that of the compressed file
    if size == 0 and file.size is None:
        return Link(file.url, status, None, f"the file there is empty{redirect}")
    if None not in (size, file.size) and size != file.size:
        what = f"the file there has {size} bytes instead of {file.size}: it is another one, or an old one"
        return Link(file.url, status, None, what + redirect)
    return Link(file.url, status, size)


def _size(response: requests.Response) -> int | None:
    """The file's size in bytes as the response reports it; None if it doesn't, or no file can be as large."""
    text = response.headers.get("Content-Range", "").rpartition("/")[2]
    if response.status_code == _OK:
        text = response.headers.get("Content-Length", "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def refusal(links: Iterable[Link]) -> RefusedError | None:
    """The error that lists the bad links; None if all are good."""
    bad = [link for link in links if not link.good]
    if not bad:
        return None
    shown = "; ".join(map(str, bad[:_MAX_SHOWN])) + ("; …" if len(bad) > _MAX_SHOWN else "")
    closed = any(link.status in _NEEDS_SIGN_IN or " web page " in link.problem for link in bad)
    hint = " Files of a private project or repository need a sign-in: link to a public place." if closed else ""
    return RefusedError(
        f"{'a link' if len(bad) == 1 else f'{len(bad)} links'} failed to download: {shown}",
        why="testers and customers would get the same response",
        todo=f"upload the file or correct its URL, then run again.{hint} If this machine can't reach what customers "
        "can, set check-links to warn (announce with a warning) or skip (no check)",
    )


class UnauthenticatedSession(requests.Session):
    """A session with the environment's proxies and CA bundles, but without ~/.netrc; its connections are shared."""

    def __init__(self, adapter: Adapter) -> None:
        super().__init__()
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.auth = lambda request: request  # without one, requests would read ~/.netrc

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """The address of a redirect. requests would read the response's body, however long, and nobody needs it."""
        target = super().get_redirect_target(resp)
        if target is not None:
            resp.close()
            resp.raw = io.BytesIO()
        return target

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: Any) -> None:
        """Send no credentials after a redirect: requests would read ~/.netrc again, for the new host."""
        prepared_request.headers.pop("Authorization", None)
