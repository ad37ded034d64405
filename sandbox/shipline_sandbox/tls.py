"""HTTPS on loopback: a certificate, and the authority that signs it alone."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NEW = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30")


def certificates(
    folder: Path,
    authority: str = "Shipline sandbox CA",
    server: str = "Shipline sandbox",
    addresses: str = "IP:127.0.0.1,IP:::1,DNS:localhost",
) -> str:
    """Write ``server.pem`` (certificate and key) and ``ca.pem`` into the folder, and return the authority's PEM text.

    The authority's key is deleted. Raises ValueError without the command openssl (version 3).
    """
    extensions = ("-addext", f"subjectAltName={addresses}", "-addext", "basicConstraints=critical,CA:FALSE")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", *extensions)
    _run(folder, *_NEW, "-subj", f"/CN={authority}", "-keyout", "ca.key", "-out", "ca.pem")
    _run(folder, *_NEW, "-subj", f"/CN={server}", *signed, "-keyout", "server.key", "-out", "server.crt")
    (folder / "ca.key").unlink()
    (folder / "server.pem").write_bytes((folder / "server.crt").read_bytes() + (folder / "server.key").read_bytes())
    return (folder / "ca.pem").read_text(encoding="ascii")


def context(folder: Path) -> ssl.SSLContext:
    """The context of a server with the folder's certificate."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(folder / "server.pem")
    return found


def _run(folder: Path, *command: str) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - its arguments are above
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error).encode()
        why = said.decode(errors="replace").strip().splitlines()[-1]
        raise ValueError(f"tls: a certificate needs the command openssl, version 3: {why}") from None
