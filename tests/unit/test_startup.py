"""What the program does later to start sooner is the same when it is done; a library does nothing later."""

from __future__ import annotations

import copy
import re
import subprocess
import sys

import pytest

from shipline import startup

USED = {
    "email.header": "import email.header as m; r = m.decode_header('=?utf-8?q?gr=C3=BCn?= x')",
    "http.cookiejar": "import http.cookiejar as m; r = [m.http2time('Wed, 09 Feb 1994 22:23:32 GMT'), m.is_HDN('a.b')]",
    "http.cookies": "import http.cookies as m; r = m.SimpleCookie('a=b; c=\"d\\\\073\"').output()",
    "platform": "import platform as m; r = [m.python_version_tuple(), m.platform()]",
    "textwrap": "import textwrap as m; r = [m.wrap('well-known words', 6), m.dedent('  a\\n   b')]",
    "tokenize": "import io, tokenize as m; r = list(m.tokenize(io.BytesIO(b'# coding: utf-8\\nx = 1').readline))",
    "urllib3.util.url": "import urllib3.util.url as m; "
    "r = [m.parse_url(u) for u in ('https://[fe80::1%25eth0]:8/%7e?q#f', 'http://10.0.0.1/', '/only/a/path?x')]",
    "yaml.constructor": "import yaml as m; r = m.safe_load('[2020-01-02, 2020-01-02T03:04:05Z]')",
    "yaml.reader": "import yaml as m; r = []\n"
    "try: m.load('a: \\x07', m.SafeLoader)\nexcept m.reader.ReaderError as error: r = str(error)",
    "yaml.resolver": "import yaml as m; r = m.safe_load('[yes, 1.5, 0x1F, 12:30, ~, 1e3]')",
}
LIGHTENED = "from shipline import startup; startup.lighten()\n"


def printed(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("module", sorted(startup._LATER))
def test_what_is_compiled_later_does_what_it_does_at_once(module: str) -> None:
    program = f"{USED[module]}\nprint(r)"
    assert printed(LIGHTENED + program) == printed(program)


def test_each_of_them_has_patterns_to_compile_later() -> None:
    noting = (
        "import sys; from shipline import startup\n"
        "made, later = [], startup._Pattern\n"
        "startup._Pattern = lambda it: made.append(sys._getframe(2).f_globals['__name__']) or later(it)\n"
        "startup.lighten()\n"
    )
    every = "".join(f"import {module}\n" for module in startup._LATER)
    noted = set(printed(f"{noting}{every}print(*made)").split())
    later = {"platform"} if sys.version_info >= (3, 12) else set()  # it compiles its own when they are used
    assert startup._LATER - later <= noted <= startup._LATER


def test_others_compile_at_once() -> None:
    assert printed(
        LIGHTENED + "import re; print(type(re.compile('a')).__name__, re.compile('A', flags=re.I).flags)"
    ) == ("Pattern 34\n")


def test_a_pattern_is_compiled_once() -> None:
    made: list[int] = []

    def compile_it() -> object:
        made.append(1)
        return re.compile("a+")

    pattern = startup._Pattern(compile_it)  # type: ignore[arg-type]
    assert made == []
    assert pattern.fullmatch("aa")
    assert pattern.sub("b", "aac") == "bc"
    assert pattern.pattern == "a+"
    assert made == [1]
    assert copy.copy(pattern).fullmatch("a")
    assert copy.deepcopy(startup._Pattern(lambda: re.compile("b"))).fullmatch("b")


def test_a_library_is_as_it_was() -> None:
    asked = "import shipline.services, re, sys, gc; shipline.services.BuildMaster\n"
    asked += "print(re.compile.__module__, sys.modules.get('charset_normalizer', 0) is None, gc.get_threshold()[0])"
    assert printed(asked) == "re False 700\n"
