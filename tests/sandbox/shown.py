"""The page at `/` as a person reads it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.conftest import Client


def page(client: Client, path: str = "/") -> str:
    answer = client.http.get(f"{client.sandbox.url}{path}", timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.text


def text(source: str) -> str:
    """What a person reads, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", source)).split())


def section(client: Client, name: str) -> str:
    (found,) = re.findall(rf'<section id="{name}".*?</section>', page(client), re.DOTALL)
    return text(found)
