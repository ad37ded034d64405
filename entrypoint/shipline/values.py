"""Single values as people write them and as the services want them: durations, instants, URLs, sizes, JSON members."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

Unit = Literal["Bytes", "KB", "MB", "GB"]

_STEP = 1024
_EXACT_S = 10  # a shorter duration is shown with a decimal
_SHORT_S = 0.05
_SCALES: tuple[tuple[Unit, int], ...] = (("GB", _STEP**3), ("MB", _STEP**2), ("KB", _STEP))

# Compiled when first used, as few runs have such values.
# [0-9], not \d: other scripts' digits are digits to Python, not to the services.
_DURATION = r"(?=[0-9])(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?"
_DATE, _CLOCK, _OFFSET = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    r"[0-9]{2}:[0-9]{2}:[0-9]{2}",
    r"[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]",
)
_INSTANT = rf"{_DATE}[Tt]{_CLOCK}(?:\.[0-9]+)?(?:[Zz]|{_OFFSET})"
_ALMOST_INSTANT = (
    rf"({_DATE})[Tt ]?(?:([0-9]{{1,2}}):([0-9]{{2}})(?::([0-9]{{2}})(?:\.[0-9]+)?)?)?"
    rf" ?(?:([AaPp])[Mm])? ?([Zz]|{_OFFSET})?"
)
_HOST = r"[^\W_](?:[\w-]*\w)?(?:\.\w(?:[\w-]*\w)?)*\.?"
_MAX_LABEL_LENGTH = 63  # characters of a part of a host's name: RFC 1035, section 2.3.4
_DEFAULT_PORTS = {"http": 80, "https": 443}


def duration(text: str) -> float:
    """Seconds of ``90s``, ``30m`` or ``1h30m``. Raises ValueError with what is expected."""
    match = re.fullmatch(_DURATION, text)
    if not match:
        raise ValueError("a duration is hours, minutes and seconds, each with its unit, such as 90s, 30m or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


def instant(text: str) -> datetime:
    """The moment of an RFC 3339 text; ``±hhmm``, as Centercode writes it, is valid too.

    Raises ValueError, which shows how to write it: a text without a zone, or with AM or PM, is never guessed.
    """
    if re.fullmatch(_INSTANT, text):
        try:
            moment = datetime.fromisoformat(text.upper())
            moment.astimezone(UTC)  # overflows at the calendar's ends
        except (ValueError, OverflowError) as error:
            raise ValueError(
                f"there is no such date or time ({error}); a moment is written as 2026-01-31T09:00:00Z"
            ) from None
        return moment
    raise ValueError(instant_hint(text))


def instant_hint(text: str) -> str:
    """What is wrong with a text that isn't a moment, and how to write it."""
    match = re.fullmatch(_ALMOST_INSTANT, re.sub(r"[\[\]]", "", text))  # Centercode's guide: [YYYY-MM-DD][00:00:00AM]
    if not match:
        return "a moment is a date, a time and a zone, such as 2026-01-31T09:00:00Z or 2026-01-31T09:00:00+02:00"
    date, hour, minute, second, half, zone = match.groups()
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + 12 * (half in "Pp")
    fixed = f"{date}T{hours:02}:{minute or '00'}:{second or '00'}{zone or 'Z'}"
    if hour is None:
        wrong = "the time and the zone are missing"
    elif half:
        wrong = "write the time on the 24-hour clock, without AM or PM"
    elif not zone:
        wrong = "the time zone is missing"
    else:
        wrong = "a moment has a T between date and time, and seconds"
    return f"{wrong}: write {fixed}" + ("" if zone else f" (UTC) or with an offset, {fixed[:-1]}+02:00")


def utc(moment: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ``: RFC 3339, and among the forms of Centercode's own examples. Fractions are dropped."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def iso_time(text: str) -> datetime | None:
    """A server's ISO 8601 date and time, in UTC if it has no zone; None for other text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def http_date(text: str) -> datetime | None:
    """The moment of an HTTP header such as ``Date`` (RFC 9110, section 5.6.7); None for another text."""
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def http_url(text: str) -> str:
    """The URL itself. Raises ValueError, which never repeats it: it may hold a password."""
    if not text.isprintable() or re.search(r'[ \\<>"]', text):
        raise ValueError(
            "a URL has no spaces, control characters, backslashes, quotes or angle brackets: write %20 for a space"
        )
    _check_server("/".join(text.split("/", 3)[:3]))
    return text


@lru_cache  # many links have one server
def _check_server(text: str) -> None:
    expected = "expected a URL with http or https and a host, such as https://example.com/path"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:  # its message quotes parts of the URL
        raise ValueError(f"the host or port is malformed; {expected}") from None
    if "@" in parts.netloc:
        raise ValueError("a URL must not contain a user name or password: set keys with their own input or variable")
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise ValueError(expected)
    if ":" not in host and not re.fullmatch(_HOST, host):
        raise ValueError(f"the host has characters that no host name has; {expected}")
    if any(len(label) > _MAX_LABEL_LENGTH for label in host.split(".")):
        raise ValueError(f"the host has more than {_MAX_LABEL_LENGTH} characters without a dot; {expected}")


def normalize_url(url: str) -> str:
    """The URL for comparisons: with a lower-case host, and without a trailing dot or slash and the default port."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").removesuffix("."), parts.port
    explicit = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return parts._replace(netloc=f"{host}{explicit}", path=parts.path.rstrip("/")).geturl()


class ServiceUrl(NamedTuple):
    """A service's address after ``service_url`` has checked it; a part that doesn't apply is empty."""

    base: str = ""
    problem: str = ""
    warning: str = ""


def service_url(text: str, *, suffix: str = "", allow_http: bool | None = None) -> ServiceUrl:
    """Check a service's address and remove a slash or ``suffix`` from its end.

    Plain HTTP is only for this machine, unless ``allow_http`` is true. None: the caller has no such setting.
    """
    try:
        http_url(text)
    except ValueError as error:
        return ServiceUrl(problem=str(error))
    if "?" in text or "#" in text:
        return ServiceUrl(problem="has a ? or # part: expected the base URL alone")
    base = text.rstrip("/").removesuffix(suffix).rstrip("/")
    if not in_the_clear(text):
        return ServiceUrl(base)
    if allow_http:
        return ServiceUrl(base, warning="plain HTTP: everyone on the way can read the key and what is sent")
    problem = "plain HTTP would show the key to everyone on the way: expected https://"
    return ServiceUrl(base, problem=problem if allow_http is None else f"{problem}, or allow-http: true")


UPLOAD_NAME = r"[()\[\]a-zA-Z0-9_.-]{3,256}"
"""File names that v3's release server accepts, in any case (source: the server's published source code)."""
UPLOAD_NAME_RULE = "3 to 256 of the characters A-Z a-z 0-9 . - _ ( ) [ ]"


def in_the_clear(url: str) -> bool:
    """True if others can read what is sent there: it is plain HTTP to another machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost" or host.endswith(".localhost")
    return parts.scheme == "http" and not local


def size_and_unit(size: int) -> tuple[int, Unit]:
    """A file size in bytes as Centercode needs it: a whole number of Bytes, KB, MB or GB (1 KB = 1024 bytes).

    It has the largest unit whose rounding is off by at most 1 %. So sizes from 2 GiB on, which may not fit in 32 bits,
    are never in Bytes.
    Source: Centercode API reference, "ReleaseRequest" (``size``, ``sizeUnit``); the base is not documented.
    """
    if size < 0:
        raise ValueError("a file size is 0 or more bytes")
    for unit, scale in _SCALES:
        count = (size + scale // 2) // scale
        if count and abs(count * scale - size) * 100 <= size:
            return count, unit
    return size, "Bytes"


def human_size(size: int) -> str:
    """``1.4 MB``; 1 KB is 1024 bytes."""
    for unit, scale in _SCALES:
        if size * 1.0005 >= scale:  # not 1024.0 of a unit, but 1.0 of the next
            return f"{size / scale:.1f} {unit}"
    return f"{size} byte{'s' * (size != 1)}"


def human_duration(seconds: float) -> str:
    """``<0.1 s``, ``0.3 s``, ``42 s``, ``1 min 42 s``, ``30 min``, ``2 h 5 min``."""
    if seconds < _EXACT_S:
        return "<0.1 s" if 0 < seconds < _SHORT_S else f"{f'{seconds:.1f}'.removesuffix('.0')} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (0 if hours else rest, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def as_text(value: Any) -> str:
    """A scalar as flags, variables, queries and forms have it: booleans are ``true`` or ``false``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def unique_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object from its members (``object_pairs_hook``). Raises ValueError for a name that is repeated."""
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        repeated = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"{repeated} is there {names.count(repeated)} times")
    return found
