"""Park and fetch: a call waits with music at whoever parked it (RFC 5359 section 2.14; case 40)."""

import os
import signal
from typing import Any

import pytest

from ringfence.guard.live.parkreturn import RETURN_AFTER
from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import Dialog, Softphone, end_call, establish
from tests.system.features.steps import branch_of

pytestmark = pytest.mark.usefixtures("oracle")


def code(phone: Softphone, dialled: str) -> int:
    """The answer to a dialled code."""
    _, headers = phone.begin_call(dialled)
    return phone.final(branch_of(headers)).status


def granted_place(parker: Softphone, waits: Softphone, dialog: Dialog) -> str:
    """The parker transfers the other to *70: whom that phone is to call."""
    raw = parker.in_dialog(dialog, "REFER", [("Refer-To", "<sip:*70@acme.example>")])
    parker.send(raw)
    refer = waits.request("REFER")
    waits.respond(refer, 202, "Accepted")
    assert parker.final(sip.parse(raw).branch).status == 202
    return sip.uri_in(refer.header("refer-to")).removeprefix("sip:").partition("@")[0]


def parked(parker: Softphone, waits: Softphone, dialog: Dialog) -> Dialog:
    """The waiting phone's call with the music, after the parker has left."""
    music = waits.call_answered(*waits.begin_call(granted_place(parker, waits, dialog)))
    assert end_call(parker, waits, dialog).status == 200
    return music


def answered_and_over(fetches: tuple[Softphone, Any], waits: Softphone, invite: sip.Message, music: Dialog) -> None:
    """The parked phone answers who fetches it, leaves the music, and both hang up: the place is free."""
    fetcher, call = fetches
    waits.answer_call(invite)
    talking = fetcher.call_answered(*call)
    waits.request("ACK")
    assert waits.ask_in_dialog(music, "BYE").status == 200
    assert end_call(fetcher, waits, talking).status == 200
    assert code(fetcher, "*71371") == 404


def test_a_parked_call_is_fetched_at_another_phone(phone: Any) -> None:
    """The waiting phone is rung with a call that replaces the music; it ends the music itself."""
    parker, waits, fetcher = phone("371"), phone("372"), phone("373")
    ours, _ = establish(parker, waits)
    music = parked(parker, waits, ours)
    call = fetcher.begin_call("*71371")
    invite = waits.request("INVITE")
    assert invite.header("replaces") == (
        f"{music.call_id};to-tag={sip.tag_of(music.local)};from-tag={sip.tag_of(music.remote)}"
    )
    assert "373@acme.example" in invite.header("p-asserted-identity")
    answered_and_over((fetcher, call), waits, invite, music)


def test_a_parked_call_comes_back_to_who_parked_it(phone: Any) -> None:
    """Nobody fetches it: the phone that parked it rings, is asked to fetch it, and both talk."""
    parker, waits = phone("375"), phone("376")
    ours, _ = establish(parker, waits)
    music = parked(parker, waits, ours)
    invite = parker.request("INVITE", RETURN_AFTER + 20)
    parker.answer_call(invite)
    parker.request("ACK")
    refer = parker.request("REFER")
    parker.respond(refer, 202, "Accepted")
    parker.respond(parker.request("BYE"), 200, "OK")
    assert sip.uri_in(refer.header("refer-to")) == "sip:*71@acme.example"
    call = parker.begin_call("*71")
    waits.answer_call(waits.request("INVITE"))
    talking = parker.call_answered(*call)
    waits.request("ACK")
    assert waits.ask_in_dialog(music, "BYE").status == 200
    assert end_call(parker, waits, talking).status == 200


def test_one_place_holds_one_call_and_is_free_when_it_hangs_up(phone: Any) -> None:
    parker, waits, other = phone("371"), phone("372"), phone("374")
    ours, _ = establish(parker, waits)
    music = parked(parker, waits, ours)
    again, _ = establish(parker, other)
    answer = parker.ask_in_dialog(again, "REFER", [("Refer-To", "<sip:*70@acme.example>")])
    assert answer.status == 486
    assert end_call(parker, other, again).status == 200
    assert waits.ask_in_dialog(music, "BYE").status == 200
    assert code(parker, "*71") == 404


@pytest.mark.parametrize("dialled", ["*70", "*71", "*71371", "*71987"])
def test_where_nothing_is_parked_there_is_nothing(phone: Any, dialled: str) -> None:
    assert code(phone("373"), dialled) in (403, 404)


def test_a_call_parked_in_another_tenant_is_not_fetched(pbx: Any, phone: Any, stranger: Any) -> None:
    """Case 40: the same number in both tenants."""
    parker, waits = phone("371"), phone("372")
    rival = pbx.product.create_tenant("Parkrival", "parkrival.example")
    secret = pbx.product.create_user(rival, "371")["sip_secret"]
    ours, _ = establish(parker, waits)
    music = parked(parker, waits, ours)
    with Softphone(stranger(), ("10.77.0.1", 5060), sip.Account("371", "parkrival.example", secret)) as thief:
        assert thief.register().status == 200
        assert code(thief, "*71") == 404
        assert code(thief, "*71371") == 404
        assert waits.requests_within(0.3) == []
        thief.register(expires=0)
    assert waits.ask_in_dialog(music, "BYE").status == 200


@pytest.mark.restarts
def test_a_parked_call_is_fetched_after_the_core_was_killed(pbx: Any, phone: Any) -> None:
    """ADR 5: its place comes back with the call, and takes no second one."""
    parker, waits, fetcher = phone("371"), phone("372"), phone("373")
    ours, _ = establish(parker, waits)
    music = parked(parker, waits, ours)
    old = pbx.product.process_ids()["core"]
    os.kill(old, signal.SIGKILL)
    within(30, lambda: pbx.product.process_ids().get("core", 0) not in (0, old), "it is started again")
    within(30, lambda: pbx.product.is_ready("core"), "the core is back")
    call = fetcher.begin_call("*71371")
    invite = waits.request("INVITE", 10)
    assert music.call_id in invite.header("replaces")
    answered_and_over((fetcher, call), waits, invite, music)
