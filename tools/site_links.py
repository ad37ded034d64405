"""A hook of MkDocs: links from a page to files outside docs/ lead to the repository, as they do on GitHub."""

from __future__ import annotations

import os
import re
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(\]\()((?:\.\./)+[^)#\s]+)")


def on_page_markdown(markdown: str, /, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Return the page with the addresses of such files; a link to nothing stays, and a strict build refuses it."""
    repository = (config.repo_url or "").rstrip("/")
    version = os.environ.get("SHIPLINE_DOCS_REF", "main")
    folder = dirname(join("docs", page.file.src_uri))

    def address(link: re.Match[str]) -> str:
        path = normpath(join(folder, link[2]))
        if path.startswith(("docs/", "..")) or not (ROOT / path).exists():
            return link[0]
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{link[1]}{repository}/{kind}/{version}/{path}"

    return LINK.sub(address, markdown)
