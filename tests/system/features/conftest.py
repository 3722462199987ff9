"""Settings of extensions for one test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

USUAL = {
    "forward_always": "", "forward_busy": "", "forward_no_answer": "", "forward_offline": "", "ring_seconds": 25,
    "do_not_disturb": False, "call_waiting": True,
}  # fmt: skip


@pytest.fixture
def calling(pbx: Any) -> Iterator[Callable[..., None]]:
    """`calling("102", forward_busy="103")`: how an extension takes its calls; afterwards it is as it was."""
    touched: set[str] = set()

    def change(number: str, **values: Any) -> None:
        pbx.account(number)
        touched.add(number)
        pbx.rest.patch(f"users/{pbx.users[number]['id']}/calling", **values)

    yield change
    for number in touched:
        pbx.rest.patch(f"users/{pbx.users[number]['id']}/calling", **USUAL)


@pytest.fixture
def role(pbx: Any) -> Iterator[Callable[[str, str], None]]:
    """`role("102", "Standard International User")` for one test."""
    touched: set[str] = set()

    def give(number: str, name: str) -> None:
        pbx.account(number)
        touched.add(number)
        pbx.rest.patch(f"users/{pbx.users[number]['id']}", role=name)

    yield give
    for number in touched:
        pbx.rest.patch(f"users/{pbx.users[number]['id']}", role="Standard User")
