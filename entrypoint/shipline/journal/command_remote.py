"""A repository that only the program git reaches: over ssh, or a path.

Git works in a repository of its own in a temporary folder, never in the checkout, and reads the checkout's
configuration from there (ssh command, proxies, rewritten addresses). No hook and no option of the user's takes part.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
import weakref
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from shipline import git
from shipline.cancellation import cancel_token
from shipline.errors import ShiplineError, UnavailableError
from shipline.journal import objects
from shipline.journal.remote import Pushed, no_repository, not_allowed, unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.journal.objects import Commit, ObjectFormat


_READ = "refs/journal/read"
_TIMEOUT_S = 60
_HURRIED_S = 4
_RETRY_S = 2
_PERMISSION = re.compile(
    r"declined|denied|prohibited|hidden ref|by hook|not (allowed|permitted)|unauthori[sz]ed|could not read Username",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"does not appear to be a git repository|not found|transport .+ allowed|Host key verification failed"
    r"|dubious ownership",
    re.IGNORECASE,
)
_MOVED = re.compile(r"couldn't find remote ref", re.IGNORECASE)
_OTHER_FORMAT = "hash algorithm"
_SETTINGS = {
    "core.bare": "true",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "color.ui": "false",
    "color.push": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "push.followTags": "false",
    "push.gpgSign": "false",
    "push.negotiate": "false",
    "push.pushOption": "",
    "push.recurseSubmodules": "no",
    "push.useForceIfIncludes": "false",
}
"""Over the user's own settings: each of these made a plain push fail, do something else, or nothing."""


class CommandRemote:
    """A repository at an address that git understands; ``checkout`` has the configuration to reach it.

    What can't be read is tried again for ``retry_for`` seconds, unless a retry can't help.
    """

    form: ObjectFormat = "sha1"
    hurried = False

    def __init__(self, url: str, checkout: Path, retry_for: float) -> None:
        self.address = re.sub(r"(?<=//)[^/@]*@", "", url)
        self._url = url
        self._checkout = checkout
        self._retry_for = retry_for
        self._made: dict[ObjectFormat, Path] = {}

    @cached_property
    def _configuration(self) -> dict[str, str]:
        path = git.output(self._checkout, "rev-parse", "--path-format=absolute", "--git-path", "config")
        return {**({"include.path": path} if path else {}), **_SETTINGS}

    def _repository(self) -> Path:
        """The repository of its own, for the format of ids that the server has."""
        if self.form not in self._made:
            self._made[self.form] = folder = Path(tempfile.mkdtemp(prefix="shipline-journal-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            options = ("-q", "--bare", f"--object-format={self.form}", "--template=", "--initial-branch=main")
            self._run("init", *options, str(folder), folder=folder)
        return self._made[self.form]

    def refs(self, prefix: str) -> Mapping[str, str]:
        """List the refs. Git requests all of them."""
        listed = self._read_command("ls-remote", self._url, folder=self._checkout)
        found = [tuple(line.split("\t")[:2]) for line in listed.splitlines() if "\t" in line]
        if any(len(commit_id) == len(objects.null_id("sha256")) for commit_id, _ in found):
            self.form = "sha256"
        return {name: commit_id for commit_id, name in found if name.startswith(prefix)}

    def read(self, ref: str, commit_id: str) -> Commit:
        """Fetch the ref, without its history, and read its file."""
        fetch = ("fetch", "-q", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--depth=1")
        self._read_command(*fetch, self._url, f"+{ref}:{_READ}")
        if self._run("rev-parse", _READ).stdout.strip() != commit_id:
            raise unavailable(self.address, f"{ref} changed during the read")
        content = self._run("cat-file", "commit", _READ).stdout
        receipt = self._run("cat-file", "blob", f"{_READ}:{objects.FILE_NAME}")
        if receipt.exit_code != 0:
            raise unavailable(self.address, f"{ref} isn't a journal")
        return objects.parse_commit(commit_id, content, receipt.stdout)

    def push(self, ref: str, old: str, new: str, pack: bytes) -> Pushed:
        """Push with a lease, and read what git reports of this ref: its exit code alone doesn't tell."""
        source = new if new.strip("0") else ""
        if source and (done := self._run("unpack-objects", "-q", stdin=pack)).exit_code != 0:
            raise unavailable(self.address, done.stderr.strip())
        expected = old if old.strip("0") else ""
        options = ("--porcelain", "--no-verify", "--no-progress", "--no-signed", "--recurse-submodules=no")
        lease = f"--force-with-lease={ref}:{expected}"
        try:
            done = self._run("push", *options, lease, self._url, f"{source}:{ref}")
        except UnavailableError:  # it took too long, and may have arrived
            return Pushed(written=False)
        line = next((line for line in done.stdout.splitlines() if f":{ref}\t" in line), "")
        if line[:1] in {"*", " ", "+", "=", "-"}:
            return Pushed(written=True)
        reason = line.rpartition("\t")[2]
        if _PERMISSION.search(reason or done.stderr):
            raise self._failed(f"{reason} {done.stderr}", writing=ref)
        if _OTHER_FORMAT in done.stderr:
            self.form = "sha256" if self.form == "sha1" else "sha1"
        return Pushed(written=False, reason=reason)

    def _read_command(self, *arguments: str, folder: Path | None = None) -> str:
        """Run a command that reads from the server, and return its output."""
        begun = time.monotonic()
        while True:
            try:
                done = self._run(*arguments, folder=folder)
                if done.exit_code == 0:
                    return done.stdout
                failure = self._failed(done.stderr)
            except UnavailableError as error:
                failure = error
            late = time.monotonic() - begun > self._retry_for - _RETRY_S
            if not isinstance(failure, UnavailableError) or self.hurried or late or _MOVED.search(failure.why):
                raise failure
            cancel_token.sleep(_RETRY_S)

    def _failed(self, output: str, *, writing: str = "") -> ShiplineError:
        why = f"git reports: {' '.join(output.split())[:300]}"
        if _PERMISSION.search(output):
            return not_allowed(self.address, why, writing=writing)
        return no_repository(self.address, why) if _LASTING.search(output) else unavailable(self.address, why)

    def _run(self, *arguments: str, stdin: bytes = b"", folder: Path | None = None) -> git.Completed:
        """Run git in ``folder``, else in the repository of its own, with the checkout's configuration.

        Raises UnavailableError if it takes too long, and another error of the journal if there is no git.
        """
        if folder is None:
            folder = self._repository()
            arguments = (f"--git-dir={folder}", *arguments)  # else safe.bareRepository could refuse it
        timeout = _HURRIED_S if self.hurried else _TIMEOUT_S
        try:
            return git.run(
                folder, *arguments, stdin=stdin, timeout=timeout, settings=self._configuration, shielded=self.hurried
            )
        except git.MissingGitError:
            raise no_repository(self.address, "ssh and paths need the program git, and this machine has none") from None
        except OSError as error:
            raise unavailable(self.address, f"git: {type(error).__name__}") from None
