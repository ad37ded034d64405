"""A YAML language server, as an editor talks to it: the Language Server Protocol over standard input and output."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from queue import Queue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60  # seconds for one response
_PLACEHOLDER = re.compile(r"\\(?P<escaped>[$}\\])|\$\{(?P<number>\d+)(?::(?P<default>(?:\\.|[^\\}])*))?\}|\$\d+")


class LanguageServer:
    """A running yaml-language-server with one schema for the documents that it is given."""

    def __init__(self, server: Path, schema: Path, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["node", server, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._folder, self._schema = folder, schema
        self._responses: dict[int, Queue[Any]] = {}
        self._marks: dict[str, Queue[list[dict[str, Any]]]] = {}
        self._count = 0
        threading.Thread(target=self._read, daemon=True).start()
        self._request("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {
            "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}, "hover": {}},
            "workspace": {"configuration": True},
        }})  # fmt: skip
        self._notify("initialized", {})
        self._notify("workspace/didChangeConfiguration", {"settings": {}})
        probe = self._marks[self.open("not-a-setting: 1\n")]
        while not probe.get(timeout=PATIENCE):  # it has the schema once it marks this
            pass

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def open(self, text: str, file: Path | None = None) -> str:
        """A document with this text, which is in ``file``, or new; its address."""
        self._count += 1
        uri = (file or self._folder / str(self._count) / "shipline.yml").as_uri()
        self._marks[uri] = Queue()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def marks(self, text: str, file: Path | None = None) -> list[dict[str, Any]]:
        """What the editor underlines in a document."""
        return self._marks[self.open(text, file)].get(timeout=PATIENCE)

    def suggestions(self, text: str, line: int, column: int) -> list[dict[str, Any]]:
        """What the editor suggests at a place (from 0)."""
        at = {"textDocument": {"uri": self.open(text)}, "position": {"line": line, "character": column}}
        found: list[dict[str, Any]] = self._request("textDocument/completion", at)["items"]
        return found

    def hover(self, text: str, line: int, column: int) -> str:
        """What the editor shows when the mouse rests on a place (from 0); empty: nothing."""
        at = {"textDocument": {"uri": self.open(text)}, "position": {"line": line, "character": column}}
        shown = self._request("textDocument/hover", at)
        return str(shown["contents"]["value"]) if shown else ""

    def _request(self, method: str, params: Any) -> Any:
        self._count += 1
        number = self._count
        self._responses[number] = Queue()
        self._send({"id": number, "method": method, "params": params})
        response = self._responses[number].get(timeout=PATIENCE)
        assert "error" not in response, response
        return response["result"]

    def _notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> None:
        output = self._process.stdout
        assert output
        while line := output.readline():
            length = int(line.partition(b":")[2])
            output.readline()
            message = json.loads(output.read(length))
            if "method" not in message:
                self._responses[message["id"]].put(message)
            elif message["method"] == "workspace/configuration":
                settings = [self._settings(item["section"]) for item in message["params"]["items"]]
                self._send({"id": message["id"], "result": settings})
            elif message["method"] == "textDocument/publishDiagnostics":
                self._marks.setdefault(message["params"]["uri"], Queue()).put(message["params"]["diagnostics"])
            elif "id" in message:
                self._send({"id": message["id"], "result": None})

    def _settings(self, section: str) -> dict[str, Any] | None:
        if section != "yaml":
            return None
        associated = {self._schema.as_uri(): "shipline.yml"}
        return {
            "schemas": associated,
            "schemaStore": {"enable": False},
            "validate": True,
            "hover": True,
            "completion": True,
        }


def accept(text: str, suggestion: dict[str, Any]) -> str:
    """The document after the user has chosen a suggestion, and left every place to fill in as it is."""
    edit = suggestion["textEdit"]
    lines = text.split("\n")
    start, end = (edit["range"][side] for side in ("start", "end"))
    inserted = edit["newText"]
    if suggestion.get("insertTextFormat") == 2:  # a snippet
        inserted = _PLACEHOLDER.sub(_filled, inserted)
    # An editor indents what follows in a snippet as the line where it is put.
    before, after = lines[start["line"]][: start["character"]], lines[end["line"]][end["character"] :]
    indent = before[: len(before) - len(before.lstrip())]
    inserted = inserted.replace("\n", f"\n{indent}")
    return "\n".join([*lines[: start["line"]], before + inserted + after, *lines[end["line"] + 1 :]])


def _filled(match: re.Match[str]) -> str:
    if match["escaped"]:
        return match["escaped"]
    return re.sub(r"\\([$}\\])", r"\1", match["default"] or "")
