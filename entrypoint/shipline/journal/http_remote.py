"""A repository behind http(s): git's smart protocol, over the same transport as every other request.

A push is one POST, which holds the old value of the ref: the server compares and swaps. Git itself would request the
list of refs first, and libcurl would send the POST again after a lost response.
Sources: git's gitprotocol-http, gitprotocol-v2, gitprotocol-pack, gitprotocol-capabilities.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from shipline.errors import UnknownOutcomeError
from shipline.journal import objects
from shipline.journal.objects import DELIMITER, FLUSH, Commit, ObjectFormat, packet
from shipline.journal.remote import Pushed, no_repository, not_allowed, unavailable
from shipline.transport.exchange import Progress
from shipline.transport.messages import Credential, Request, Response
from shipline.transport.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.transport.settings import Network


_LIST = "/info/refs"
_MAX_REDIRECTS = 3
_NOT_FOUND = 404  # also for what the token may not see
_LASTING = frozenset({400, 405, 406, 410, 415, 501})  # describe the address, not the server's state
_PERMISSION = re.compile(
    r"hook|denied|permission|permitted|prohibited|protected|not allowed|unauthori[sz]ed|hidden ref", re.IGNORECASE
)
_LONGEST_REASON = 300


class HttpRemote:
    """A repository at an http(s) address."""

    form: ObjectFormat = "sha1"
    hurried = False

    def __init__(self, url: str, network: Network, credential: Credential | None) -> None:
        parts = urlsplit(url)
        self.address = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        self._session = Session("git", network, credential)
        self._has_credential = credential is not None
        self._form_known = False
        self._capabilities: list[str] = []  # of a server that is known to have protocol version 2

    def refs(self, prefix: str) -> Mapping[str, str]:
        """Request the refs with this prefix. A server without protocol version 2 sends all it has."""
        lines = None if self._capabilities else self._advertised()
        if lines is None:
            content = self._command("ls-refs", f"ref-prefix {prefix}\n".encode())
            try:
                lines = objects.lines(content)
            except ValueError as error:
                raise unavailable(self.address, str(error)) from None
        pairs = (line.partition("\0")[0].split(" ", 1) for line in lines if " " in line)
        return {name: commit_id for commit_id, name in pairs if name.startswith(prefix)}

    def _advertised(self) -> list[str] | None:
        """Request what the server can do; return its refs if it sends them along (before version 2), else None."""
        response = self._list()
        for _ in range(_MAX_REDIRECTS):
            if not response.ok:
                self._follow(response.headers.get("Location", ""))
                response = self._list()
        try:
            lines = objects.lines(response.body)
        except ValueError as error:
            raise no_repository(self.address, f"it responded {response.status}: {error}") from None
        if lines and lines[0].startswith("# service="):  # version 2 may leave it out
            del lines[0]
        self._form_known = self._form_known or bool(lines)  # an empty repository before version 2 sends nothing
        if "object-format=sha256" in "\n".join(lines):
            self.form = "sha256"
        if lines[:1] != ["version 2"]:
            return lines
        self._capabilities = lines
        return None

    def _list(self) -> Response:
        query, headers = {"service": "git-upload-pack"}, {"Git-Protocol": "version=2"}
        progress = Progress(shielded=self.hurried)
        return self._send(Request("GET", self.address + _LIST, query=query, headers=headers, progress=progress))

    def _follow(self, location: str) -> None:
        """Follow a redirect on this server, such as to a name with ".git"; credentials go nowhere else."""
        here, there = urlsplit(self.address), urlsplit(urljoin(self.address + _LIST, location))
        address = urlunsplit((there.scheme, there.netloc.rpartition("@")[2], there.path.removesuffix(_LIST), "", ""))
        if there[:2] != here[:2] or not there.path.endswith(_LIST):
            raise no_repository(self.address, f"it redirects to {address}")
        self.address = address

    def read(self, ref: str, commit_id: str) -> Commit:
        """Fetch the commit and its file."""
        want = f"want {commit_id}"
        if self._capabilities:
            content = self._command("fetch", want.encode() + b"\n", b"deepen 1\n", b"no-progress\n", b"done\n")
        else:
            first = packet(f"{want} side-band-64k no-progress\n".encode())
            body = first + packet(b"deepen 1\n") + FLUSH + packet(b"done\n")
            content = self._post("git-upload-pack", body).body
        try:
            return objects.read_commit(objects.bands(content)[0], commit_id, self.form)
        except (ValueError, IndexError) as error:
            raise unavailable(self.address, str(error)) from None

    def _command(self, name: str, *arguments: bytes) -> bytes:
        """Send a command of protocol version 2 and return the response's body."""
        format_known = any(line.startswith("object-format=") for line in self._capabilities)
        head = [f"command={name}\n", *([f"object-format={self.form}\n"] if format_known else [])]
        body = b"".join(packet(line.encode()) for line in head) + DELIMITER + b"".join(map(packet, arguments)) + FLUSH
        return self._post("git-upload-pack", body).body

    def push(self, ref: str, old: str, new: str, pack: bytes) -> Pushed:
        """Send the one POST."""
        capabilities = "report-status side-band-64k" + (" object-format=sha256" if self.form == "sha256" else "")
        body = packet(f"{old} {new} {ref}\0{capabilities}".encode()) + FLUSH + pack
        try:
            response = self._post("git-receive-pack", body, writing=ref)
            content, messages = objects.bands(response.body)
            report = [line.decode("utf-8", "replace").strip() for line in objects.packets(content or response.body)]
        except (UnknownOutcomeError, ValueError):
            return Pushed(written=False)
        if not report and not self._form_known:  # how a repository responds that has the other format
            self.form, self._form_known = "sha256", True
        if f"ok {ref}" in report:
            return Pushed(written=True)
        start = f"ng {ref}"
        reason = next((line.removeprefix(start).strip() for line in report if line.startswith(f"{start} ")), "")
        words = f"{reason}: {' '.join(messages.split())}" if messages.strip() and reason else reason
        if _PERMISSION.search(reason):
            raise not_allowed(self.address, f"it responded: {words[:_LONGEST_REASON]}", writing=ref)
        return Pushed(written=False, reason=words[:_LONGEST_REASON])

    def _post(self, service: str, body: bytes, *, writing: str = "") -> Response:
        headers = {
            "Content-Type": f"application/x-{service}-request",
            "Accept": f"application/x-{service}-result",
            **({"Git-Protocol": "version=2"} if self._capabilities and not writing else {}),
        }
        url, progress = f"{self.address}/{service}", Progress(shielded=self.hurried)
        request = Request("POST", url, content=body, headers=headers, reads=not writing, progress=progress)
        response = self._send(request, writing)
        if not response.ok:
            raise no_repository(self.address, f"it responded {response.status} to {service}")
        return response

    def _send(self, request: Request, writing: str = "") -> Response:
        """Return a response that is a success or a redirect.

        Raises UnknownOutcomeError for a push that may have been applied, and what ``Session.send`` raises.
        """
        response = self._session.send(request)
        if response.status < 400:  # noqa: PLR2004
            return response
        said = " ".join(response.text.split())[:_LONGEST_REASON] if response.media == "text/plain" else ""
        why = f"it responded {response.status}" + (f": {said}" if said else "")
        if response.status in (401, 403, _NOT_FOUND):
            hint = "" if self._has_credential else "; this run found no credentials for it"
            seen = (
                ", which the server also returns for a repository that the token can't see"
                if response.status == _NOT_FOUND
                else ""
            )
            raise not_allowed(self.address, f"{why}{seen}{hint}", writing=writing)
        if response.status in _LASTING:
            raise no_repository(self.address, why)
        if writing and (response.status >= 500 or response.status == 408):  # noqa: PLR2004
            raise UnknownOutcomeError(f"the git server responded {response.status} to a push")
        raise unavailable(self.address, why)
