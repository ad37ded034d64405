"""The project's Markdown pages: their links, anchors, code, and the commands in it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
_NOT_OURS = {"build", "dist", "node_modules"}
_CONSOLE = {"", "sh", "console"}
_IN_PIPELINE = re.compile(r"""(?:^ *- |script: ['"])(shipline [a-z][^"\n]*)""", re.MULTILINE)


def pages() -> list[Path]:
    """Every page of the tree."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    return sorted(p for p in found if not any(part in _NOT_OURS or part.startswith(".") for part in p.parts))


@dataclass(frozen=True)
class Page:
    """``path`` is relative to the tree."""

    path: Path

    @cached_property
    def tokens(self) -> list[Token]:
        return MarkdownIt().enable("table").parse((ROOT / self.path).read_text(encoding="utf-8"))

    @property
    def _inline(self) -> Iterator[Token]:
        for token in self.tokens:
            yield from token.children or ()

    @property
    def links(self) -> list[str]:
        return [str(t.attrs.get("href", t.attrs.get("src"))) for t in self._inline if t.type in {"link_open", "image"}]

    @property
    def anchors(self) -> set[str]:
        """What links to this page may end with: its headings' texts, as GitHub and GitLab write them."""
        found: list[str] = []
        for before, token in zip(self.tokens, self.tokens[1:], strict=False):
            if before.type == "heading_open":
                text = "".join(child.content for child in token.children or ())
                slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
                found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
        return set(found)

    @property
    def spans(self) -> list[str]:
        """The code in the lines."""
        return [t.content for t in self._inline if t.type == "code_inline"]

    def blocks(self, *languages: str) -> list[str]:
        """The blocks of code in one of these languages; "" is one without."""
        return [content for _, content in self.in_order(*languages)]

    def in_order(self, *languages: str) -> list[tuple[str, str]]:
        """The same, each with its language."""
        code = ((t.info.strip(), t.content) for t in self.tokens if t.type in {"fence", "code_block"})
        return [(language, content) for language, content in code if language in languages]

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command in a block for a shell."""
        lines = (line for block in self.blocks(*_CONSOLE) for line in block.replace("\\\n", " ").splitlines())
        return [words for line in lines for words in _commands(line)]

    @property
    def mentioned(self) -> list[list[str]]:
        """The words of each command in the lines, as far as it goes before an …, and of those in pipelines."""
        spans = (" ".join(span.partition("…")[0].split()) for span in self.spans)
        pipelines = (found for block in self.blocks("yaml", "groovy") for found in _IN_PIPELINE.findall(block))
        return [words for text in (*spans, *pipelines) for words in _commands(text)]


def _commands(line: str) -> Iterator[list[str]]:
    """The commands of a line, without what is set before them and what becomes of their output."""
    try:
        lexer = shlex.shlex(
            line.replace("$ ", "", 1) if line.startswith("$ ") else line, posix=True, punctuation_chars=";&|<>"
        )
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # a quotation over several lines: data, no command of ours
        return
    command: list[str] = []
    for word in [*words, ";"]:
        if re.fullmatch(r"[;&|<>]+", word):
            if command:
                yield command
            command = []
        elif command or not re.match(r"[A-Z_]+=", word):
            command.append(word)
