"""What the command line does without, or later, to start sooner. A script that imports the services has all of it."""

from __future__ import annotations

import gc
import re
import sys
import warnings
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_GARBAGE = 100_000  # objects more than before until garbage is looked for: what imports make is none
# Modules of others whose patterns take long to compile, of which a job uses few, and each by its methods alone.
_LATER = frozenset(
    {
        "email.header",
        "http.cookiejar",
        "http.cookies",
        "platform",
        "textwrap",
        "tokenize",
        "urllib3.util.url",
        "yaml.constructor",
        "yaml.reader",
        "yaml.resolver",
    }
)


def lighten() -> None:
    """Before anything else is imported; for this process alone."""
    gc.set_threshold(_GARBAGE)
    _guess_no_encodings()
    _compile_later()


def _guess_no_encodings() -> None:
    """requests would load a library that guesses them, a tenth of its own cost, and warn if it found none.

    Nothing here guesses: answers are read as bytes, and JSON is UTF-8.
    """
    sys.modules.setdefault("charset_normalizer", cast("Any", None))  # to Python, what can't be imported
    warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")


class _Pattern:
    """A regular expression that is compiled when it is first used."""

    def __init__(self, compile_it: Callable[[], re.Pattern[Any]]) -> None:
        self._compile_it = compile_it

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # copying asks for those of an object that has nothing yet
        made = self._compile_it()
        self.__dict__ |= {known: getattr(made, known) for known in dir(made) if not known.startswith("__")}
        return getattr(made, name)


def _compile_later() -> None:
    at_once = re.compile

    def compile_pattern(pattern: Any, flags: int = 0) -> Any:
        if sys._getframe(1).f_globals.get("__name__") in _LATER:  # noqa: SLF001 - who asks decides
            return _Pattern(lambda: at_once(pattern, flags))
        return at_once(pattern, flags)

    re.compile = cast("Any", compile_pattern)
