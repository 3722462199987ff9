"""Two fetch one parked call, or the parked one leaves meanwhile (RFC 5359 section 2.14, RFC 3891; case 40)."""

from typing import Any

import pytest

from ringfence.lab.softphone import dialog_of_caller, end_call, establish
from tests.system.features.steps import branch_of, refuse
from tests.system.features.test_park import code, granted_place, parked

pytestmark = pytest.mark.usefixtures("oracle")


def test_of_two_who_fetch_at_once_one_talks_and_the_other_is_refused(phone: Any) -> None:
    """Both ring the phone that waits; what it refuses, because the music is replaced, its fetcher hears."""
    parker, waits = phone("941"), phone("942")
    fetchers = {number: phone(number) for number in ("943", "944")}
    music = parked(parker, waits, establish(parker, waits)[0])
    calls = {number: one.begin_call("*71941") for number, one in fetchers.items()}
    invites = {}
    for _ in calls:
        invite = waits.request("INVITE")
        waits.respond(invite, 180, "Ringing", "refused")
        number = next(one for one in calls if f"{one}@" in invite.header("p-asserted-identity"))
        assert music.call_id in invite.header("replaces")
        invites[number] = invite
    assert set(invites) == set(calls)
    waits.answer_call(invites["943"])
    talking = fetchers["943"].call_answered(*calls["943"])
    waits.request("ACK")
    assert waits.ask_in_dialog(music, "BYE").status == 200
    refuse(waits, invites["944"], 481, "Call/Transaction Does Not Exist")
    assert fetchers["944"].final(branch_of(calls["944"][1])).status == 481
    assert end_call(fetchers["943"], waits, talking).status == 200
    assert code(fetchers["944"], "*71941") == 404


def test_of_two_calls_parked_at_once_one_gets_the_place(phone: Any) -> None:
    """Both were granted while it was free. The other one is refused, instead of hearing music that nobody ends."""
    parker, fetcher, waiting = phone("949"), phone("948"), {number: phone(number) for number in ("942", "946")}
    calls = {number: establish(parker, one)[0] for number, one in waiting.items()}
    places = {number: granted_place(parker, one, calls[number]) for number, one in waiting.items()}
    begun = {number: one.begin_call(places[number]) for number, one in waiting.items()}
    answers = {number: waiting[number].final(branch_of(headers)) for number, (_, headers) in begun.items()}
    assert sorted(answer.status for answer in answers.values()) == [200, 486]
    parked_one = next(number for number, answer in answers.items() if answer.status == 200)
    (other,) = set(waiting) - {parked_one}
    waiting[parked_one].send_ack(answers[parked_one], *begun[parked_one])
    music = dialog_of_caller(answers[parked_one])
    fetch = fetcher.begin_call("*71949")
    invite = waiting[parked_one].request("INVITE")
    assert music.call_id in invite.header("replaces")
    refuse(waiting[parked_one], invite, 486, "Busy Here")
    assert fetcher.final(branch_of(fetch[1])).status == 486
    assert waiting[parked_one].ask_in_dialog(music, "BYE").status == 200
    again = parked(parker, waiting[other], calls[other])
    assert waiting[other].ask_in_dialog(again, "BYE").status == 200


def test_a_place_is_free_when_the_parked_one_hangs_up_while_it_is_fetched(phone: Any) -> None:
    parker, waits, fetcher = phone("945"), phone("946"), phone("947")
    music = parked(parker, waits, establish(parker, waits)[0])
    call = fetcher.begin_call("*71945")
    invite = waits.request("INVITE")
    waits.respond(invite, 180, "Ringing", "refused")
    assert waits.ask_in_dialog(music, "BYE").status == 200
    refuse(waits, invite, 481, "Call/Transaction Does Not Exist")
    assert fetcher.final(branch_of(call[1])).status == 481
    assert code(fetcher, "*71945") == 404
    again = parked(parker, waits, establish(parker, waits)[0])
    assert waits.ask_in_dialog(again, "BYE").status == 200
    assert code(fetcher, "*71945") == 404


def test_a_fetch_that_was_refused_leaves_the_call_parked(phone: Any) -> None:
    """Who waits does not take the first; a second one fetches the same call."""
    parker, waits, first, second = phone("945"), phone("946"), phone("947"), phone("948")
    music = parked(parker, waits, establish(parker, waits)[0])
    lost = first.begin_call("*71945")
    refuse(waits, waits.request("INVITE"), 486, "Busy Here")
    assert first.final(branch_of(lost[1])).status == 486
    call = second.begin_call("*71945")
    waits.answer_call(waits.request("INVITE"))
    talking = second.call_answered(*call)
    waits.request("ACK")
    assert waits.ask_in_dialog(music, "BYE").status == 200
    assert end_call(second, waits, talking).status == 200
    assert code(first, "*71945") == 404
