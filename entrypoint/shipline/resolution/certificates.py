"""The ``network`` section's certificates: those to trust, as a file or as text, and the one to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from shipline.resolution.section import Section

_NAME = "ca-bundle"
_OWN = "client-certificate"


def bundle(section: Section, workspace: Path) -> str | None:
    """The file's path or the PEM text; what can't be loaded is a problem."""
    given = section.text(_NAME)
    if given is None:
        return None
    if "-----BEGIN" in given:
        # Comments between certificates may be in any language; the certificates themselves are ASCII.
        _load(section, None, given.encode("ascii", "ignore").decode())
        return given
    path = workspace / given.strip()
    if _is_file(path):
        _load(section, str(path), None)
    else:
        section.complain("there is no such file: expected the path of a PEM file, or PEM text", _NAME)
    return str(path)


def own(section: Section, workspace: Path) -> str | None:
    """The path of the certificate that proves who this client is; what can't be loaded is a problem."""
    given = section.text(_OWN)
    if given is None:
        return None
    import ssl

    path = workspace / given.strip()
    expected = "expected the path of a PEM file with a certificate and its key, which has no pass phrase"
    if not _is_file(path):
        section.complain(f"there is no such file: {expected}", _OWN)
        return str(path)
    try:
        # A pass phrase would be asked for on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path, password=lambda: b"")
    except (OSError, ValueError):  # ssl's message says no more
        section.complain(f"can't be used: {expected}", _OWN)
    return str(path)


def _load(section: Section, path: str | None, text: str | None) -> None:
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path, cadata=text)
    except OSError as error:  # which SSLError is
        why = error.strerror if not isinstance(error, ssl.SSLError) else "no certificate can be read from it"
        section.complain(f"can't be used: {why}; expected certificates in PEM form", _NAME)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False
