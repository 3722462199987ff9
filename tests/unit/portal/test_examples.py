"""The examples in the docstrings of the portal hold."""

import pytest

from tests.unit.examples import assert_examples_hold, with_examples


@pytest.mark.parametrize("name", [*with_examples("src/ringfence/portal")])
def test_examples_hold(name: str) -> None:
    assert_examples_hold(name)
