"""What a response's headers reveal about programs between this machine and the server: proxies, balancers, caches."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SIGNS = ("Via", "X-Cache", "X-Cache-Status", "Cache-Status", "CF-Ray", "X-Varnish", "X-Squid-Error", "X-Served-By")
_SERVERS = re.compile(
    r"akamai|apache|ATS|awselb|big-?ip|caddy|cloudflare|envoy|h2o|haproxy|lighttpd|nghttpx|nginx|openresty|squid|"
    r"tinyproxy|traefik|varnish",
    re.IGNORECASE,
)
_MAX_CHARACTERS = 200
# "RefreshHit" and "REVALIDATED" aren't marks: the cache has compared its copy with the server's.
_HIT = re.compile(r"(?<!\w)(?:TCP_(?:MEM_)?)?(?:HIT|STALE|UPDATING)(?![\w-])", re.IGNORECASE)
_MARKS = {
    "Age": re.compile(r"0*[1-9]"),
    "X-Cache": _HIT,
    "X-Cache-Status": _HIT,
    "X-Proxy-Cache": _HIT,
    "CF-Cache-Status": _HIT,
    "Cache-Status": re.compile(r";\s*hit\b", re.IGNORECASE),  # RFC 9211
    "X-Varnish": re.compile(r"[0-9]+ +[0-9]"),  # the request that made the copy, after this one
}


DOWN = frozenset({502, 503, 504, *range(520, 528)})
"""Statuses by which a balancer reports that it reaches no server; 520 to 527 are Cloudflare's."""


def signs(headers: Mapping[str, str]) -> str:
    """The headers that a program in between has set, as ``Via: 1.1 varnish``; empty without any."""
    found = [f"{name}: {headers[name]}" for name in _SIGNS if headers.get(name)]
    if _SERVERS.search(headers.get("Server", "")):
        found.append(f"Server: {headers['Server']}")
    return ", ".join(found)[:_MAX_CHARACTERS]


def cache_mark(headers: Mapping[str, str]) -> str:
    """The header by which a response is a cache's copy and may be out of date; empty if it is the server's."""
    found = (f"{name}: {headers[name]}" for name, mark in _MARKS.items() if mark.search(headers.get(name, "")))
    return next(found, "")[:_MAX_CHARACTERS]
