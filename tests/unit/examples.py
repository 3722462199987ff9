"""The examples in docstrings, as tests: they say what the code does, or are wrong."""

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def with_examples(*tops: str) -> Iterator[str]:
    """The modules below these places that have any: `src/ringfence/policy`, `bench`."""
    for top in tops:
        for path in sorted((ROOT / top).rglob("*.py")):
            if ">>> " in path.read_text():
                parts = path.relative_to(ROOT / "src" if top.startswith("src") else ROOT).with_suffix("").parts
                yield ".".join(parts).removesuffix(".__init__")


def assert_examples_hold(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
    assert result.attempted > 0
