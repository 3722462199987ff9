"""The ladder diagram of a call record shows who heard what (issue 5, "Ladder diagram of a call from its messages")."""

import pytest

from ringfence.portal.calls.ladder import LANES, draw

pytestmark = pytest.mark.unit

LANE = {x: side for side, x in LANES.items()}


def arrows(told: str) -> list[str]:
    """Each arrow as from, to and word."""
    drawn = draw(told)
    assert drawn is not None
    return [f"{LANE[one.start]}{LANE[one.end]} {one.label.split(' ')[0]}" for one in drawn.arrows]


def test_a_message_passes_through_the_middle() -> None:
    told = "0cINVITE+ 20d180 90d200+ 95cACK 900dBYE"
    assert arrows(told) == [
        "cp INVITE", "pd INVITE", "dp 180", "pc 180", "dp 200", "pc 200", "cp ACK", "pd ACK", "dp BYE", "pc BYE",
    ]  # fmt: skip


def test_a_challenge_of_the_provider_is_answered_here() -> None:
    """The caller was shown a 407 that never reached it, and the call began without an INVITE."""
    told = "0cINVITE+ 4d407 5pINVITE+ 9d100 9d180"
    assert arrows(told) == ["cp INVITE", "pd INVITE", "dp 407", "pd INVITE", "dp 100", "dp 180", "pc 180"]


def test_a_failure_after_which_the_call_went_on_is_heard_by_nobody() -> None:
    assert arrows("0cINVITE 5d503 6pINVITE 9d200")[2:] == ["dp 503", "pd INVITE", "dp 200", "pc 200"]
    assert arrows("0cINVITE 5d486 9d200")[2:] == ["dp 486", "dp 200", "pc 200"], "one of several devices"
    assert arrows("0cINVITE 5d302 6p480")[2:] == ["dp 302", "pc 480"]


def test_the_last_failure_and_one_within_the_call_are_heard() -> None:
    assert arrows("0cINVITE 5d486")[2:] == ["dp 486", "pc 486"]
    assert arrows("0cINVITE 5d200 50cINVITE 55d488 90cBYE 95d200")[6:8] == ["dp 488", "pc 488"]


def test_what_says_nothing_is_not_drawn() -> None:
    assert draw("") is None
