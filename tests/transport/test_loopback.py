"""A process that is confined to this machine."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import socket, subprocess
from shipline.transport import loopback

loopback.confine()
listening = socket.create_server(("127.0.0.1", 0))
socket.create_connection(listening.getsockname()).close()
socket.getaddrinfo("localhost", 80)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for name, attempt in {
    "connect": lambda: socket.socket().connect(("192.0.2.1", 80)),
    "connect_ex": lambda: socket.socket().connect_ex(("192.0.2.1", 80)),
    "IPv6": lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 80)),
    "datagram": lambda: udp.sendto(b"x", ("192.0.2.1", 53)),
    "message": lambda: udp.sendmsg([b"x"], [], 0, ("192.0.2.1", 53)),
    "name": lambda: socket.getaddrinfo("example.com", 80),
    "old name": lambda: socket.gethostbyname("example.com"),
}.items():
    try:
        attempt()
    except PermissionError:
        continue
    print(name, "was let through")
git = subprocess.run(["git", "ls-remote", "https://192.0.2.1/a.git"], capture_output=True, text=True)
print(git.stderr)
"""


def test_it_connects_to_nothing_else() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, timeout=60)
    assert "was let through" not in ended.stdout
    assert "transport 'https' not allowed" in ended.stdout
