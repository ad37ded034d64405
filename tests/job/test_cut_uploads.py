"""An upload whose connection breaks within the file starts again: no server can have applied a part of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import pytest

from job.project import PRODUCT

if TYPE_CHECKING:
    from job.project import Project

SIZE = 6 << 20  # more than sockets hold
CUT = 200_000


class Cutter:
    """Passes connections on to a server, and breaks the first ``times`` that have carried ``CUT`` bytes to it."""

    def __init__(self, upstream: str, times: int) -> None:
        self._upstream, self.times = urlsplit(upstream).port, times
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._upstream))
                for source, target, limit in ((near, far, CUT), (far, near, SIZE)):
                    threading.Thread(target=self._carry, args=(source, target, limit), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, limit: int) -> None:
        carried = 0
        with source, target, contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
                carried += len(data)
                if carried > limit and self.times:
                    self.times -= 1
                    break
            for end in (source, target):  # its other thread reads there
                end.shutdown(socket.SHUT_RDWR)


def uploading(project: Project, releases_url: str) -> None:
    (project.path / "dist/widget.zip").unlink()
    with project.write("dist/large.zip", b"PK").open("r+b") as file:
        file.truncate(SIZE)
    project.write(
        "shipline.yml",
        f"""
release: {{version: 1.4.0, notes: {{text: Hums}}}}
artifacts: [{{path: dist/large.zip}}]
network: {{retry-for: 1s}}
v3: {{url: "{project.sandbox.url}", releases-url: "{releases_url}", attach: upload, state: published,
  product-id: {PRODUCT}, platforms: [windows]}}
""",
    )


def sizes(project: Project) -> list[int]:
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    return [file["size"] for file in release["files"]]


def test_it_starts_again_within_the_run(project: Project) -> None:
    with Cutter(project.sandbox.url, times=1) as cutter:
        uploading(project, cutter.url)
        ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert "the upload of dist/large.zip ended after " in ended.out
    assert " of 6.0 MB, " in ended.out
    assert sizes(project) == [SIZE]
    (step,) = project.receipt()["steps"]
    assert [line["status"] for line in step["requests"]] == ["sent", "sent", "sent"]


@pytest.mark.parametrize("receipt", ["kept.json", "lost.json"])
def test_the_next_run_completes_the_draft(project: Project, receipt: str) -> None:
    with Cutter(project.sandbox.url, times=99) as cutter:
        uploading(project, cutter.url)
        ended = project.shipline("run", "--receipt", "kept.json")
        assert ended.code == 7, ended.text
        assert ended.line("NEXT:") == "NEXT: run again: nothing was applied. The upload starts again"
        assert sizes(project) == []
        cutter.times = 0
        ended = project.shipline("run", "--receipt", receipt)
    assert ended.code == 0, ended.text
    assert sizes(project) == [SIZE]
    assert project.operations()[-1] == "publish-release"
    assert project.operations().count("create-release") == 1
