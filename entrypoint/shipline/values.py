"""Single values as people write them and as the services want them: durations, instants, URLs, sizes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

Unit = Literal["Bytes", "KB", "MB", "GB"]

_STEP = 1024
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
_LABEL = 63  # characters of a part of a name: RFC 1035, section 2.3.4


def duration(text: str) -> float:
    """Seconds of ``90s``, ``30m`` or ``1h30m``. Raises ValueError with what is expected."""
    match = re.fullmatch(_DURATION, text)
    if not match:
        raise ValueError("a duration is hours, minutes and seconds, each with its unit, such as 90s, 30m or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


def instant(text: str) -> datetime:
    """The moment of an RFC 3339 text; ``±hhmm``, as Centercode writes it, is taken too.

    Nothing is guessed: without a zone, or with AM or PM, it is a ValueError that shows how to write it.
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
    raise ValueError(_instant_hint(text))


def _instant_hint(text: str) -> str:
    match = re.fullmatch(_ALMOST_INSTANT, text)
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
        wrong = "the time is expected on the 24-hour clock, not with AM or PM"
    elif not zone:
        wrong = "the time zone is missing"
    else:
        wrong = "a moment has a T between date and time, and seconds"
    return f"{wrong}: write {fixed}" + ("" if zone else f" (UTC) or with an offset, {fixed[:-1]}+02:00")


def utc(moment: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ``: RFC 3339, and among the forms of Centercode's own examples. Fractions are dropped."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def http_url(text: str) -> str:
    """The URL itself. Raises ValueError, which never repeats it: it may hold a password."""
    if not text.isprintable() or any(char in text for char in ' \\<>"'):
        raise ValueError(
            "a URL has no spaces, control characters, backslashes, quotes or angle brackets: write %20 for a space"
        )
    expected = "expected is a URL with http or https and a host, such as https://example.com/path"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:  # its message quotes parts of the URL
        raise ValueError(f"the host or port is malformed; {expected}") from None
    if "@" in parts.netloc:
        raise ValueError("a URL must not hold a user name or password: give keys by their own input or variable")
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise ValueError(expected)
    if ":" not in host and not re.fullmatch(_HOST, host):
        raise ValueError(f"the host has characters that no host name has; {expected}")
    if any(len(label) > _LABEL for label in host.split(".")):
        raise ValueError(f"the host has more than {_LABEL} characters without a dot; {expected}")
    return text


def base_url(text: str) -> str:
    """A service's address, without a slash at its end. Raises ValueError, which never repeats it."""
    http_url(text)
    if "?" in text or "#" in text:
        raise ValueError("has a ? or # part: expected the base URL alone")
    return text.rstrip("/")


UPLOAD_NAME = r"[()\[\]a-zA-Z0-9_.-]{3,256}"
"""Names of files that v3's release server takes (the server's published source); case makes no difference to it."""
UPLOAD_NAME_RULE = "3 to 256 of the characters A-Z a-z 0-9 . - _ ( ) [ ]"


def in_the_clear(url: str) -> bool:
    """Whether what is sent there can be read on the way: plain HTTP to another machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost" or host.endswith(".localhost")
    return parts.scheme == "http" and not local


def size_and_unit(size: int) -> tuple[int, Unit]:
    """A file size in bytes as Centercode takes it: a whole number of Bytes, KB, MB or GB (1 KB = 1024 bytes).

    The largest unit whose rounding is off by at most 1 %; so from 2 GiB on never Bytes, which might not fit in 32 bits.
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
        if size * 1.0005 >= scale:  # what would be shown as 1024.0 of a unit is 1.0 of the next
            return f"{size / scale:.1f} {unit}"
    return f"{size} byte{'s' * (size != 1)}"


def human_duration(seconds: float) -> str:
    """``1m 20s``; parts of a second are dropped."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if count]
    return " ".join(parts) or "0s"
