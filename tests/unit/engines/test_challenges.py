"""Challenges of an authority: what may reach the web server's file (RFC 8555 sections 8.1 and 8.3)."""

from pathlib import Path
from typing import Any

import pytest

from ringfence.engines.certificates.challenges import MOST, Challenge, challenges_of
from ringfence.engines.changing.questions import Refusal
from ringfence.engines.listeners import WebAccess, read_web_access, write_web_access
from ringfence.hosts.paths import Paths

THUMBPRINT = "t" * 43


def test_tokens_with_their_answers_are_taken() -> None:
    assert challenges_of({"b": f"b.{THUMBPRINT}", "a-_": f"a-_.{THUMBPRINT}"}) == (
        Challenge("a-_", f"a-_.{THUMBPRINT}"),
        Challenge("b", f"b.{THUMBPRINT}"),
    )


@pytest.mark.parametrize(
    "told",
    [
        None, [], {"../etc/passwd": f"../etc/passwd.{THUMBPRINT}"}, {"a": "a"}, {"a": f"b.{THUMBPRINT}"}, {"a": None},
        {'a" { return 200; } #': f"a.{THUMBPRINT}"}, {"a": f"a.{THUMBPRINT}\n"}, {"": f".{THUMBPRINT}"}, {"$uri": "x"},
        {f"t{number}": f"t{number}.{THUMBPRINT}" for number in range(MOST + 1)},
    ],
)  # fmt: skip
def test_anything_else_is_refused(told: Any) -> None:
    with pytest.raises(Refusal):
        challenges_of(told)


def test_an_open_door_is_closed_at_the_next_start(tmp_path: Path) -> None:
    paths = Paths(state=tmp_path)
    paths.web_access.parent.mkdir()
    open_door = WebAccess(challenges=challenges_of({"a": f"a.{THUMBPRINT}"}))
    assert open_door.ports == (80,)
    write_web_access(paths.web_access, open_door)
    assert read_web_access(paths).ports == ()
