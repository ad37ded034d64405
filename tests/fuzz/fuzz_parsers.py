"""The same parsers for a fuzzer that is led by coverage: ``pip install atheris``, then

python tests/fuzz/fuzz_parsers.py -max_total_time=600 [FOLDER OF A CORPUS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found,unused-ignore]

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["shipline"]):
    from fuzz.parsers import PARSERS


def one(data: bytes) -> None:
    """The first byte chooses the parser, the rest is its text."""
    provider = atheris.FuzzedDataProvider(data)
    parse = [*PARSERS.values()][provider.ConsumeIntInRange(0, len(PARSERS) - 1)]
    parse(provider.ConsumeUnicode(sys.maxsize))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
