"""The ``network`` section: timeouts, the certificates to trust as a file or as text, and the client's own one."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipline.inputs.document import Problems
from shipline.pipeline.section import Section
from shipline.transport import addresses
from shipline.transport.settings import Network
from shipline.values import service_url

if TYPE_CHECKING:
    from pathlib import Path

    from shipline.inputs.document import Document


_FIRST_SERVICES = (("buildmaster", "url"), ("v3", "url"), ("v3", 0, "url"))


def resolve(section: Section, workspace: Path) -> Network:
    """The section with every default; certificates that can't be loaded are problems."""
    return Network(
        connect_timeout=section.seconds("connect-timeout"),
        read_timeout=section.seconds("read-timeout"),
        retry_for=section.seconds("retry-for", zero=True),
        ca_bundle=_ca_bundle(section, workspace, "ca-bundle"),
        client_certificate=_client_certificate(section, workspace, "client-certificate"),
    )


def connect_ahead(document: Document, workspace: Path) -> Network | None:
    """Begin to connect to the first services of a plan, before the settings are checked. Returns these settings.

    None if they have a problem, which ``resolve`` reports later.
    """
    document = copy.copy(document)
    document.problems = Problems()
    texts = (document.get(path) for path in _FIRST_SERVICES)
    urls = {url for url in texts if isinstance(url, str) and url.startswith("https:") and not service_url(url).problem}
    try:
        settings = resolve(Section(document, ("network",)), workspace)
    except ValueError:
        return None
    if document.problems.paths:
        return None
    if urls:
        from urllib.request import getproxies

        if not getproxies():
            for parts in map(urlsplit, urls):
                addresses.begin(parts.hostname or "", parts.port or 443, settings.connect_timeout)
        from shipline.transport.session import connect_ahead  # meanwhile, as it takes long to load

        connect_ahead(settings, urls)
    return settings


def _ca_bundle(section: Section, workspace: Path, name: str) -> str | None:
    """The path or the PEM text of the certificates to trust; None if unset."""
    given = section.text(name)
    if given is None:
        return None
    # Comments between certificates may be in any language; the certificates themselves are ASCII.
    text = given.encode("ascii", "ignore").decode() if "-----BEGIN" in given else None
    path = workspace / given.strip()
    if text is None and not _is_file(path):
        section.complain("no such file: expected the path of a PEM file, or PEM text", name)
        return str(path)
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(None if text else path, cadata=text)
    except OSError as error:  # which SSLError is
        why = error.strerror if not isinstance(error, ssl.SSLError) else "it contains no readable certificate"
        section.complain(f"can't be used: {why}; expected certificates in PEM form", name)
    return given if text else str(path)


def _client_certificate(section: Section, workspace: Path, name: str) -> str | None:
    """The path of the certificate that authenticates this client; None if unset."""
    given = section.text(name)
    if given is None:
        return None
    path = workspace / given.strip()
    expected = "expected the path of a PEM file with a certificate and its key, which has no pass phrase"
    if not _is_file(path):
        section.complain(f"no such file: {expected}", name)
        return str(path)
    import ssl

    try:
        # Without this password, OpenSSL would prompt for a pass phrase on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path, password=lambda: b"")
    except (OSError, ValueError):  # ssl's message says no more
        section.complain(f"can't be used: {expected}", name)
    return str(path)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False
