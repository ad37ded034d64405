"""Confine this process to this machine: it connects to loopback addresses only, and looks up no other name."""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

_HOST_FIRST = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_ADDRESS_SECOND = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
WITHOUT_PROXY = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
"""Variables for requests to the sandbox: a proxy would send them to another machine."""


def confine() -> None:
    """Refuse every other connection with PermissionError, also of libraries. Can't be undone in this process."""
    sys.addaudithook(_refuse)
    os.environ.update(WITHOUT_PROXY | {"GIT_ALLOW_PROTOCOL": "none"})  # git is another process


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _HOST_FIRST:
        host = arguments[0]
    elif event in _ADDRESS_SECOND:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # other forms are of sockets within the machine
    else:
        return
    if host and not _is_loopback(host):
        raise PermissionError(f"connections to other machines are off in a rehearsal: {host}")


def _is_loopback(host: str | bytes) -> bool:
    name = os.fsdecode(host)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
