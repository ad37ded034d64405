"""Starts the real varnish, haproxy, nginx and squid before a server, each with a small config, until a block ends."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Setup(NamedTuple):
    """A program's command, and its config with {port}, {folder}, {upstream} (host and port) and {other} in it."""

    command: tuple[str, ...]
    config: str = ""


_NGINX = ("nginx", "-c", "{config}", "-e", "{folder}/error.log", "-g", "daemon off;")
_NGINX_CONFIG = """\
user root; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=copies:1m;
  upstream servers {{ server {upstream} max_fails=0; %s }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://servers; proxy_set_header Host 127.0.0.1; %s }} }}
}}
"""
_CACHE = "proxy_cache copies; proxy_cache_valid 200 2m; add_header X-Cache-Status $upstream_cache_status always;"
_HAPROXY = ("haproxy", "-db", "-f", "{config}")
_HAPROXY_CONFIG = """\
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend clients
  bind 127.0.0.1:{port}
  default_backend servers
backend servers
  %s
  server one {upstream}
  %s
"""

SETUPS = {
    "varnish": Setup(
        (
            "varnishd",
            "-F",
            "-j",
            "none",
            "-n",
            "{folder}",
            "-a",
            "127.0.0.1:{port}",
            "-b",
            "{upstream}",
            "-s",
            "malloc,16m",
        )
    ),
    "nginx": Setup(_NGINX, _NGINX_CONFIG % ("", "")),
    "nginx, caching": Setup(_NGINX, _NGINX_CONFIG % ("", _CACHE)),
    "nginx, resending": Setup(
        _NGINX, _NGINX_CONFIG % ("server {other} max_fails=0;", "proxy_next_upstream error timeout non_idempotent;")
    ),
    "haproxy": Setup(_HAPROXY, _HAPROXY_CONFIG % ("retries 0", "")),
    "haproxy, resending": Setup(
        _HAPROXY,
        _HAPROXY_CONFIG % ("retries 3\n  retry-on all-retryable-errors\n  option redispatch 1", "server two {other}"),
    ),
    "squid, caching": Setup(
        ("squid", "-N", "-f", "{config}"),
        """\
http_port 127.0.0.1:{port} accel defaultsite=127.0.0.1 no-vhost
cache_peer 127.0.0.1 parent {upstream_port} 0 no-query originserver login=PASS
http_access allow all
refresh_pattern . 2 100% 2
cache_mem 8 MB
shutdown_lifetime 0 seconds
pid_filename {folder}/squid.pid
access_log none
cache_log {folder}/cache.log
coredump_dir {folder}
""",
    ),
}


@contextlib.contextmanager
def in_front(name: str, folder: Path, upstream: str, other: str = "127.0.0.1:1") -> Iterator[str]:
    """Start a setup before ``upstream`` (host and port); ``other`` is the second server of a pool. Yield its URL."""
    setup = SETUPS[name]
    if shutil.which(setup.command[0]) is None:
        pytest.skip(f"needs {setup.command[0]} (Debian, root): tests/runners/engine installs it")
    folder.mkdir(mode=0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    values = {"port": port, "folder": folder, "upstream": upstream, "other": other, "config": folder / "config"}
    values["upstream_port"] = upstream.rpartition(":")[2]
    (folder / "config").write_text(setup.config.format(**values))
    command = [part.format(**values) for part in setup.command]
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        try:
            _await(port, process, folder)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    texts: Sequence[str] = [path.read_text(errors="replace") for path in folder.glob("*") if path.is_file()]
    raise AssertionError("it didn't start:\n" + "\n".join(texts)[-3000:])
