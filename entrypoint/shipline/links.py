"""Artifact links as everybody will open them: asked for without credentials, redirects followed."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from shipline.errors import RefusedError
from shipline.record import dataclass
from shipline.transport.stopping import stop
from shipline.values import human_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import requests

    from shipline.pipeline import Artifact, Network

_DEAD = frozenset({404, 410})
_LONGEST_WAIT = 120.0  # seconds for a file that CI has only just uploaded
_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Link:
    """What a server says about a link: its ``status`` (None: no answer) and size in bytes."""

    url: str
    status: int | None
    size: int | None
    why: str = ""

    @property
    def dead(self) -> bool:
        return self.status in _DEAD

    @property
    def good(self) -> bool:
        return self.status is not None and self.status < 400  # noqa: PLR2004

    def __str__(self) -> str:
        return (
            f"{self.url} answers {self.status}"
            if self.status is not None
            else f"{self.url} can't be reached ({self.why})"
        )


class Links:
    """Asks once for each link and remembers."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._seen: dict[str, Link] = {}

    def size(self, artifact: Artifact, values: Mapping[str, str]) -> int | None:
        """The artifact's size in bytes: its own, else what its server says; None if neither is known."""
        if artifact.size is not None or artifact.url is None:
            return artifact.size
        if artifact.url.names - values.keys():
            return None
        url = artifact.url.fill(values)
        if url in self._seen and not self._seen[url].good:
            del self._seen[url]  # it may be there by now
        return self.look(url).size

    def known_size(self, artifact: Artifact, values: Mapping[str, str]) -> int | None:
        """Likewise, without asking."""
        link = self._seen.get(artifact.url.fill(values)) if artifact.url else None
        return link.size if artifact.size is None and link else artifact.size

    def of(self, artifacts: Iterable[Artifact], values: Mapping[str, str]) -> list[str]:
        """The links of these artifacts, as far as they are known."""
        urls = (a.url.fill(values) for a in artifacts if a.url is not None and not a.url.names - values.keys())
        return list(dict.fromkeys(urls))

    def look(self, url: str) -> Link:
        if url not in self._seen:
            self._seen[url] = self._ask(url)
        return self._seen[url]

    def checked(self, urls: Iterable[str], tell: Callable[[str], None]) -> list[Link]:
        """Ask again for each; those that are missing get up to two minutes (``network.retry-for`` if that is less)."""
        limit = min(_LONGEST_WAIT, self._network.retry_for)
        deadline = time.monotonic() + limit
        urls = list(dict.fromkeys(urls))
        waiting, told = urls, False
        while True:
            for url in waiting:
                self._seen.pop(url, None)
            links = [self.look(url) for url in waiting]
            dead = [link.url for link in links if link.dead]
            if not dead or time.monotonic() + _PAUSE > deadline:
                return [self._seen[url] for url in urls]
            if len(dead) != len(waiting) or not told:
                tell(f"waiting up to {human_duration(limit)} for {len(dead)} missing files, such as {dead[0]}")
                told = True
            waiting = dead
            stop.sleep(_PAUSE)

    def _ask(self, url: str) -> Link:
        import requests

        from shipline.transport import connection
        from shipline.transport.anonymous import Anonymous

        try:
            with Anonymous() as session:
                head = self._send(session, "HEAD", url, {})
                size = _bytes(head.headers.get("Content-Length", ""))
                if head.status_code < 400 and size is not None:  # noqa: PLR2004
                    return Link(url, head.status_code, size)
                byte = self._send(session, "GET", url, {"Range": "bytes=0-0"})
                size = _bytes(byte.headers.get("Content-Range", "").rpartition("/")[2])
                if size is None and byte.status_code == requests.codes.ok:
                    size = _bytes(byte.headers.get("Content-Length", ""))
                return Link(url, byte.status_code, size)
        except (requests.exceptions.RequestException, OSError, ValueError) as error:
            return Link(url, None, None, type(error).__name__)
        finally:
            connection.progress.end()

    def _send(self, session: requests.Session, method: str, url: str, headers: dict[str, str]) -> requests.Response:
        from shipline.transport import connection
        from shipline.transport.session import ca_bundle

        connection.progress.begin(2 * self._network.read_timeout)
        response = session.request(
            method,
            url,
            headers={"Accept-Encoding": "identity", **headers},
            timeout=(self._network.connect_timeout, self._network.read_timeout),
            allow_redirects=True,
            stream=True,
            verify=ca_bundle(self._network.ca_bundle),
        )
        response.close()
        return response


def _bytes(text: str) -> int | None:
    """The number in a header, if a file can be as large."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def dead_link(links: Iterable[Link]) -> RefusedError | None:
    dead = [link for link in links if link.dead]
    if not dead:
        return None
    return RefusedError(
        f"{'a link is' if len(dead) == 1 else f'{len(dead)} links are'} dead: {', '.join(map(str, dead[:5]))}",
        why="testers and customers would get it",
        todo="upload the file or mend the URL, then run again; check-links: warn announces all the same",
    )
