"""Runs the tests with keys that are easily garbled, then looks for them in every byte that was written anywhere.

    python tools/canary.py [--write] [PATHS OF TESTS …]

As a plugin of pytest (``-p canary``) it keeps what tests throw away: folders they remove, databases of sandboxes that
have ended, and what each process printed. ``--write`` puts the figures into docs/security.md.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/security.md"
BEGIN, END = "<!-- Canary: written by `make canary`. -->", "<!-- End of the canary. -->"
KEPT = "CANARY_FOLDER"
"""The variable that names the folder in which everything is kept."""
# In the tree itself: recorded answers, and what the test tools remember.
IN_TREE = ("tests/contract/cassettes", ".pytest_cache", ".hypothesis")
# What must hold a key, and why. Everything else must not.
EXCEPT = {
    r"/test_(?:each_form_is_found|it_is_found_in_a_database)[^/]*/": "the canary's own tests write keys, to find them",
    r"/test_keys_in_places_where[^/]*/shipline\.yml$": "a config with keys where nobody expects them",
}
# Lines that tell GitHub and Azure Pipelines what to hide; they remove these from the log.
_MASKS = re.compile(rb"(?m)^(?:::add-mask::|##vso\[task\.setsecret\]).*$")


@dataclass
class Found:
    files: int = 0
    size: int = 0
    hits: list[str] = field(default_factory=list)
    excepted: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        return f"{self.size:,} bytes scanned, {self.files:,} files, {len(self.hits)} hits"


def main(arguments: list[str]) -> int:
    write = "--write" in arguments
    tests = [a for a in arguments if a != "--write"] or ["tests", "--ignore=tests/runners", "--nightly"]
    with tempfile.TemporaryDirectory(prefix="canary-") as made:
        folder = Path(made)
        (folder / "tmp").mkdir()
        (folder / "plugin").mkdir()  # alone there: beside it is a fuzz.py, and tests have a package of that name
        (folder / "plugin/canary.py").symlink_to(Path(__file__).resolve())
        ended = subprocess.run(_pytest(folder, tests), cwd=ROOT, env=_environ(folder), check=False)
        found = scan([folder, *(ROOT / path for path in IN_TREE)])
        for hit in found.hits[:50]:
            print(f"a key is in {hit}")
        print(found.line())
        for reason, count in found.excepted.items():
            print(f"  not looked into: {count} files: {reason}")
    if write and not ended.returncode:
        _write(found)
    return ended.returncode or bool(found.hits)


def _pytest(folder: Path, tests: Iterable[str]) -> list[str]:
    keeping = ("--basetemp", str(folder / "basetemp"), "-o", "tmp_path_retention_policy=all", "-p", "canary")
    logging = ("--junitxml", str(folder / "captured.xml"), "-o", "junit_logging=all")
    return [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--numprocesses",
        os.environ.get("WORKERS", "3"),
        "--dist",
        "worksteal",
        *keeping,
        *logging,
        *tests,
    ]


def _environ(folder: Path) -> dict[str, str]:
    path = os.pathsep.join([str(folder / "plugin"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return {**os.environ, KEPT: str(folder), "TMPDIR": str(folder / "tmp"), "PYTHONPATH": path}


def scan(roots: Iterable[Path]) -> Found:
    """Every regular file below ``roots``, without following links."""
    pattern = re.compile("|".join(_patterns()).encode("ascii"))
    found = Found()
    for path in itertools.chain.from_iterable(map(_files, roots)):
        reason = next((why for part, why in EXCEPT.items() if re.search(part, str(path))), None)
        if reason:
            found.excepted[reason] = found.excepted.get(reason, 0) + 1
            continue
        data = _MASKS.sub(b"", path.read_bytes())
        found.files += 1
        found.size += len(data)
        found.hits += [f"{path}: {data[max(m.start() - 60, 0) : m.end() + 20]!r}" for m in pattern.finditer(data)]
    return found


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def _patterns() -> Iterator[str]:
    """Every form of every canary: by the program's own pattern, and by the forms that the tests list apart from it."""
    sys.path.insert(0, str(ROOT / "tests"))
    from job.project import KEYS
    from shipline.redaction import needles, variants
    from unit.forms import FORMS

    for key in KEYS.values():
        yield from needles(key)
        yield from map(re.escape, {form for form in variants(key) if len(form) > len(key) // 2})
        yield from (re.escape(form(key)) for form in FORMS.values())


def _write(found: Found) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    if BEGIN not in text:
        raise SystemExit(f"{DOCUMENT}: has no line {BEGIN}")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{found.line()}.\n\n{END}{after}", encoding="utf-8")


# What follows keeps what tests throw away, while pytest runs.

_numbers = itertools.count()


def pytest_configure(config: pytest.Config) -> None:
    del config
    if KEPT not in os.environ:
        return
    from click.testing import CliRunner

    import shared_sandbox
    from fork_server import ForkServer
    from job import in_process

    kept = Path(os.environ[KEPT], f"kept-{os.getpid()}")
    kept.mkdir(exist_ok=True)
    communicate, invoke, remove = subprocess.Popen.communicate, CliRunner.invoke, shutil.rmtree
    run, fork = in_process.run, ForkServer.run

    def printed(process: Any, *arguments: Any, **options: Any) -> Any:
        streams = communicate(process, *arguments, **options)
        _keep(kept, streams)
        return streams

    def invoked(runner: Any, *arguments: Any, **options: Any) -> Any:
        result = invoke(runner, *arguments, **options)
        _keep(kept, (result.stdout, result.stderr))
        return result

    def ran(*arguments: Any) -> Any:
        code, *streams = run(*arguments)
        _keep(kept, streams)
        return code, *streams

    def forked(*arguments: Any, **options: Any) -> Any:
        code, *streams = fork(*arguments, **options)
        _keep(kept, streams)
        return code, *streams

    def moved(path: Any, *arguments: Any, **options: Any) -> None:
        if Path(path).is_dir() and not isinstance(path, int):
            shutil.move(path, kept / f"removed-{next(_numbers)}")
        else:
            remove(path, *arguments, **options)

    subprocess.Popen.communicate = printed  # type: ignore[method-assign]
    CliRunner.invoke = invoked  # type: ignore[method-assign]
    in_process.run = ran
    ForkServer.run = forked  # type: ignore[method-assign]
    shared_sandbox.fresh = True
    shutil.rmtree = moved  # type: ignore[assignment]
    tempfile.TemporaryDirectory.cleanup = lambda self: self._finalizer.detach()  # type: ignore[attr-defined,method-assign]


def _keep(folder: Path, streams: Iterable[str | bytes | None]) -> None:
    for stream in filter(None, streams):
        data = stream if isinstance(stream, bytes) else stream.encode("utf-8", "surrogatepass")
        (folder / f"printed-{next(_numbers)}").write_bytes(data)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
