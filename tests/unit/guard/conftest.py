"""Every guard a test started ends with it."""

from collections.abc import Iterator

import pytest

from .workshop import OPENED, close


@pytest.fixture(autouse=True)
def _close_guards() -> Iterator[None]:
    yield
    while OPENED:
        close(OPENED.pop())
