"""The examples in docstrings hold."""

import pytest

from tests.unit.examples import assert_examples_hold, with_examples
from tests.unit.signaling.fake_kamailio import loaded

OF_THE_PORTAL = "ringfence.portal."
"""Those have a database: tests/unit/portal/test_examples.py."""


@pytest.mark.parametrize(
    "name", [name for name in with_examples("src/ringfence", "bench", "tools") if not name.startswith(OF_THE_PORTAL)]
)
def test_examples_hold(name: str) -> None:
    with loaded():
        assert_examples_hold(name)
