"""Checks the words of every text that users read: `make prose`. The rules are in prose.yml.

It refuses the listed words, passives that don't name who acts (except in docstrings, which users don't read), sentences
that are too long, and what proselint refuses.
``--figures`` prints how long and how hard to read each page is instead.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
RULES: dict[str, Any] = yaml.safe_load((ROOT / "tools/prose.yml").read_text(encoding="utf-8"))
WORDS = [
    (re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE), instead) for pattern, instead in RULES["words"]
]
STATES = set(RULES["states"].split())
PASSIVE = re.compile(
    rf"\b(?:is|are|was|were|be|been|being|gets|got)\s+(?:(?:not|never|only|also|already|then|still|always|\w+ly)\s+)*"
    rf"(?P<participle>\w+ed|{'|'.join(RULES['irregular'].split())})\b(?!-)(?P<rest>[^.;:]*)"
)
SENTENCE = re.compile(r"(?<=[.!?:;])\s+(?=[^a-z])|\n")
PROSE_KEYS = ("title", "description", "summary", "deprecationMessage", "markdownDescription", "x-help")


@dataclass(frozen=True)
class Text:
    """A run of prose, and where it begins."""

    file: str
    line: int
    text: str
    passives: bool = False  # allowed, in docstrings


def texts() -> Iterator[Text]:
    """Every text that users read: pages, schemas, and the messages of the program and the sandbox."""
    for page in RULES["pages"]:
        path = ROOT / page
        for file in sorted(path.rglob("*.md")) if path.is_dir() else [path]:
            yield from markdown(file)
    for file in sorted((ROOT / "schemas").glob("*.json")):
        yield from schema(file)
    for folder in ("entrypoint/shipline", "sandbox/shipline_sandbox"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield from messages(file)


def markdown(file: Path) -> Iterator[Text]:
    """The prose of a page, without code, addresses and HTML; of the changelog only what isn't released yet."""
    text = file.read_text(encoding="utf-8")
    if file.name == "CHANGELOG.md":
        text = text[: (re.search(r"^## \[\d", text, re.MULTILINE) or re.search(r"\Z", text)).start()]  # type: ignore[union-attr]
    line = 0
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        line = token.map[0] if token.map else line
        if token.type == "inline":
            shown = "".join(_shown(child.type, child.content) for child in token.children or ())
            yield Text(file.relative_to(ROOT).as_posix(), line + 1, shown)


def _shown(kind: str, content: str) -> str:
    if kind == "text":
        return content
    return {"code_inline": "CODE", "softbreak": " ", "hardbreak": "\n"}.get(kind, "")


def schema(file: Path) -> Iterator[Text]:
    """The titles and descriptions of a schema."""
    lines = file.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if (match := re.match(r'\s*"([\w-]+)": (".*?")(,?)$', line)) and match[1] in PROSE_KEYS:
            yield Text(file.relative_to(ROOT).as_posix(), number, re.sub(r"`[^`]*`", "CODE", json.loads(match[2])))


def messages(file: Path) -> Iterator[Text]:
    """The texts of a module that have at least three words, docstrings too."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "CODE" for part in node.values)
            text = "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if len(re.findall(r"[a-z]{2,}\b", text)) > 2 and " " in text:  # noqa: PLR2004 - three words
            text = re.sub(r"`+[^`]*`+", "CODE", text)
            yield Text(file.relative_to(ROOT).as_posix(), node.lineno, text, passives=node in docstrings)


def faults(text: Text) -> Iterator[str]:
    for pattern, instead in WORDS:
        if found := pattern.search(text.text):
            yield f'"{found[0]}": write {instead}'
    for match in PASSIVE.finditer("" if text.passives else text.text):
        if match["participle"] not in STATES and not re.match(r"\s(\w+\s){0,6}?(by|with)\b", match["rest"]):
            yield f'"{match[0][: -len(match["rest"]) or None]}": say who does it'
    if text.file.endswith(".md"):
        for sentence in SENTENCE.split(text.text):
            if (count := len(sentence.split())) > RULES["longest"]:
                yield f'{count} words in one sentence, at most {RULES["longest"]}: "{sentence[:50]}…"'


def proselint(found: list[Text]) -> Iterator[tuple[Text, str]]:
    """What proselint refuses, a text a line so that its line leads back to the text."""
    page = ROOT / "build/prose.txt"
    page.parent.mkdir(exist_ok=True)
    page.write_text("\n".join(" ".join(text.text.split()) for text in found), encoding="utf-8")
    tool = Path(sys.executable).parent / "proselint"
    ran = subprocess.run([tool, "-o", "compact", "check", page], capture_output=True, text=True, check=False)
    for match in re.finditer(r"prose\.txt:(\d+):\d+: (.*)", ran.stdout):
        if not match[2].startswith(tuple(RULES["proselint_off"])):  # 0.16.0 doesn't heed its own configuration
            yield found[int(match[1]) - 1], match[2]


def figures(found: list[Text]) -> None:
    """Print each page's words, and its automated readability index (Senter and Smith, 1967): a grade of school."""
    print("| page | words | words a sentence | readability index |\n|---|---:|---:|---:|")
    pages: dict[str, str] = defaultdict(str)
    for text in found:
        if not text.file.endswith(".py"):
            pages[text.file] += f"{text.text}\n"
    for name, page in pages.items():
        words = page.split()
        sentences = [sentence for sentence in SENTENCE.split(page) if sentence.strip()]
        length = len(words) / len(sentences)
        index = 4.71 * sum(map(len, words)) / len(words) + 0.5 * length - 21.43
        print(f"| {name} | {len(words):,} | {length:.1f} | {index:.1f} |")
    own = [page for name, page in pages.items() if name not in RULES["generated"]]
    print(f"| all, without pages made from the schemas | {sum(len(page.split()) for page in own):,} | | |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="only these files or folders")
    parser.add_argument("--figures", action="store_true", help="print the readability of each file")
    parser.add_argument("--count", action="store_true", help="print only how many there are in each file")
    options = parser.parse_args()
    found = [text for text in texts() if not options.files or text.file.startswith(tuple(options.files))]
    if options.figures:
        figures(found)
        return 0
    wrong = [(text, fault) for text in found for fault in faults(text)] + list(proselint(found))
    if options.count:
        counts: dict[str, int] = defaultdict(int)
        for text, _ in wrong:
            counts[text.file] += 1
        print("\n".join(f"{count:5d} {name}" for name, count in sorted(counts.items())))
    else:
        print("\n".join(f"{text.file}:{text.line}: {fault}" for text, fault in wrong))
    print(f"{len(found)} texts, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
