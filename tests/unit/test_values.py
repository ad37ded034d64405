from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipline import values

SCALE = {"Bytes": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2h", 7200), ("1h1m1s", 3661), ("0s", 0)],
)
def test_duration(text: str, seconds: float) -> None:
    assert values.duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "90", "s", "1.5h", "-1m", "30m1h", "1h 30m", "30m\n", "٣m", "1d", "1H", "9999999h", "m30"]
)
def test_a_duration_says_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="90s, 30m or 1h30m"):
        values.duration(text)


# Centercode's documents hold five notations (T-01); the first three are unambiguous.
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("2020-01-01T00:00:00+0000", "2020-01-01T00:00:00Z"),
        ("2050-09-30T12:00:00-0700", "2050-09-30T19:00:00Z"),
        ("2050-09-30T12:00:00-07:00", "2050-09-30T19:00:00Z"),
        ("2026-01-31T23:30:00.1234567+05:45", "2026-01-31T17:45:00Z"),
        ("2026-01-31t23:30:00z", "2026-01-31T23:30:00Z"),
    ],
)
def test_instant(text: str, shown: str) -> None:
    assert values.utc(values.instant(text)) == shown


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2016-10-26T22:30:56", "zone is missing: write 2016-10-26T22:30:56Z"),
        ("2026-01-31", "time and the zone are missing: write 2026-01-31T00:00:00Z"),
        ("[2026-01-31][00:00:00AM]", "24-hour clock, without AM or PM: write 2026-01-31T00:00:00Z"),
        ("2026-01-3100:00:00AM", "24-hour clock, without AM or PM: write 2026-01-31T00:00:00Z"),
        ("2026-01-31 9:30pm", "24-hour clock, without AM or PM: write 2026-01-31T21:30:00Z"),
        ("2026-01-31 12:00:00 PM -0700", "write 2026-01-31T12:00:00-0700"),
        ("2026-01-31 09:00:00Z", "T between date and time, and seconds: write 2026-01-31T09:00:00Z"),
        ("2026-01-31T09:00Z", "write 2026-01-31T09:00:00Z"),
        ("2026-02-30T09:00:00Z", "no such date"),
        ("2026-01-31T25:00:00Z", "no such date or time"),
        ("0001-01-01T00:00:00+01:00", "no such date"),
        ("tomorrow", "such as 2026-01-31T09:00:00Z"),
        ("2026-01-31T09:00:00Z\n", "such as 2026-01-31T09:00:00Z"),
        ("٢٠٢٦-01-31T09:00:00Z", "such as 2026-01-31T09:00:00Z"),
        ("2026-01-31T09:00:00+25:00", "such as 2026-01-31T09:00:00Z"),
    ],
)
def test_an_ambiguous_instant_shows_the_fix(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(hint)):
        values.instant(text)


@given(
    st.datetimes(datetime(1000, 1, 3), datetime(9999, 12, 29)).map(lambda d: d.replace(microsecond=0)),  # noqa: DTZ001
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.booleans(),
)
def test_instants_round_trip(moment: datetime, minutes: int, colon: bool) -> None:
    moment = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S%z")
    if colon:
        text = f"{text[:-2]}:{text[-2:]}"
    assert values.instant(text) == moment
    assert values.instant(values.utc(moment)) == moment.astimezone(UTC)


@given(st.text(alphabet="0123456789-:TZ+. APMapm"))
def test_no_text_gives_a_moment_without_zone_or_another_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert values.instant(text).tzinfo


@pytest.mark.parametrize(
    "url",
    [
        "https://dl.example.com/widget/1.4.0/widget.zip?x=1&y=%20#top",
        "http://127.0.0.1:8080/",
        "http://[::1]:8622/sub",
        "http://localhost",
        "https://bücher.example/ä",
        "HTTPS://EXAMPLE.COM/",
        "https://under_score.example.com",
        f"https://{'a' * 63}.{'b' * 63}.example.com",
    ],
)
def test_http_url(url: str) -> None:
    assert values.http_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "dist/widget.zip", "//example.com/x", "ftp://example.com/x", "file:///etc/passwd", "javascript:alert(1)"),
        *(
            "https://",
            "https:///x",
            "https://?x",
            "https://a b.example",
            "https://example.com/a b",
            "https://example.com\n",
        ),
        *("https://example.com\\@evil.example", "https://*.example.com", "https://a..b", "https://example.com:99999"),
        *("https://example.com:0", "https://[::1", "https://-x.example", "https://exa\u200bmple.com"),
        *(f"https://{'a' * 64}.example.com", f"https://example.{'b' * 64}"),
    ],
)
def test_not_an_http_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected|spaces"):
        values.http_url(url)


@pytest.mark.parametrize(
    "url",
    ["https://me:hunter2@example.com", "https://hunter2@example.com", "https://example.com:hunter2", "ftp://hunter2@x"],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is looked at below
        values.http_url(url)
    assert "hunter2" not in str(caught.value)


# T-06: the table of edge cases, and the rule itself.
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, (0, "Bytes")),
        (1, (1, "Bytes")),
        (1000, (1000, "Bytes")),
        (1023, (1, "KB")),
        (1024, (1, "KB")),
        (1_572_864, (1536, "KB")),
        (2**31, (2, "GB")),
        (2**31 + 2**29, (2560, "MB")),
        (5 * 1024**3, (5, "GB")),
    ],
)
def test_size_and_unit(size: int, expected: tuple[int, str]) -> None:
    assert values.size_and_unit(size) == expected


@given(st.integers(0, 2**50) | st.integers(2**31 - 5, 2**31 + 5) | st.integers(0, 3000))
def test_a_size_is_off_by_at_most_one_percent(size: int) -> None:
    count, unit = values.size_and_unit(size)
    assert abs(count * SCALE[unit] - size) <= size / 100
    assert count > 0 or size == 0
    assert unit != "Bytes" or size < 2**31


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        values.size_and_unit(-1)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1.0 KB"),
        (1_048_575, "1.0 MB"),
        (1_468_006, "1.4 MB"),
        (3 * 1024**4, "3072.0 GB"),
    ],
)
def test_human_size(size: int, shown: str) -> None:
    assert values.human_size(size) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.01, "<0.1 s"),
        (0.3, "0.3 s"),
        (9.98, "10 s"),
        (45, "45 s"),
        (80, "1 min 20 s"),
        (1800, "30 min"),
        (3905.9, "1 h 5 min"),
    ],
)
def test_human_duration(seconds: float, shown: str) -> None:
    assert values.human_duration(seconds) == shown
