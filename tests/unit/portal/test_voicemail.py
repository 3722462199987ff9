"""Voicemail in the portal: taken in from the spool, opened by PIN, told, audited (reference: passwords of users)."""

import base64
from typing import Any

import pytest

from ringfence.portal import audio, places
from ringfence.portal.audit.models import Entry
from ringfence.portal.people.models import Extension
from ringfence.portal.voicemail import changes, intake
from ringfence.portal.voicemail.mailroom import MOST_WRONG, WRONG_SECONDS, Mailroom
from ringfence.portal.voicemail.models import Message, VoicemailSettings
from tests.unit.portal.rest import PASSWORD, Rest, Site
from tests.unit.portal.signing_in import signed_in_browser
from tests.unit.portal.voicemails import leave, leave_message, wav

BOX = "101@a.example"
PIN = "804159"


def test_a_message_is_taken_in_once_and_its_audio_comes_out(site: Site) -> None:
    """Sealed in the spool, listed in REST `voicemails`, heard as a WAV file; who heard it is in the audit log."""
    leave_message(BOX, b"\x80" * 16_000)
    intake.take_in()
    (row,) = site.a.get("voicemails")["items"]
    assert (row["mailbox"], row["seconds"], row["whole"]) == (BOX, 2.0, True)
    answer: Any = site.a.client.get(
        f"/api/v1/voicemails/{row['id']}/audio", headers={"Authorization": f"Bearer {site.a.token}"}, secure=True
    )
    body = b"".join(answer.streaming_content)
    assert len(body) == int(answer["Content-Length"]) == 44 + 32_000
    assert Entry.objects.filter(action="voicemail.heard", actor="100@a.example").count() == 1
    assert site.a.get(f"voicemails/{row['id']}")["heard_at"] is None, "somebody else's listening changes nothing"


def test_deleting_a_message_deletes_its_audio(site: Site) -> None:
    uid = leave_message(BOX)
    assert audio.file_of(uid).exists()
    assert site.a.call("DELETE", f"voicemails/{Message.objects.get().pk}")[0] == 204
    assert not audio.file_of(uid).exists()


def test_what_is_no_note_of_the_voice_process_is_set_aside(site: Site) -> None:
    """W82's kin: a name in the spool never becomes a path, and nothing holds up the next message."""
    places.PATHS.spool.mkdir(parents=True, exist_ok=True)
    odd = places.PATHS.spool / "..%2fetc.json"
    odd.write_text('{"kind": "voicemail"}')
    leave("nothing known", b"\xff" * 8000)
    leave_message(BOX)
    assert Message.objects.count() == 1
    assert not odd.exists()


def test_a_message_for_nobody_is_dropped_with_its_audio(site: Site) -> None:
    uid = leave_message("999@a.example")
    assert not Message.objects.exists()
    assert not audio.file_of(uid).exists()


@pytest.mark.parametrize(
    ("pin", "rule"),
    [("12345", "pin.length"), ("804111", "pin.pattern"), ("801234", "pin.pattern"), ("abcdef", "pin.digits")],
)
def test_a_weak_pin_is_refused(site: Site, pin: str, rule: str) -> None:
    """The peer's rules: 6 to 10 digits, no repeats, no sequences."""
    refused = site.a.call("PATCH", f"users/{site.users[BOX]}/voicemail", {"pin": pin})
    assert refused[0] == 422
    assert rule in [problem["rule"] for problem in refused[1]["errors"]]


def test_five_wrong_pins_close_the_mailbox_for_phones(site: Site) -> None:
    """Counted over all calls; the right PIN does not open it while it is closed, and the portal still does."""
    site.a.call("PATCH", f"users/{site.users[BOX]}/voicemail", {"pin": PIN, "enabled": True})
    room = Mailroom()
    assert room.answer({"verb": "open", "mailbox": BOX, "pin": PIN, "caller": BOX})["messages"] == []
    for _ in range(changes.PIN_TRIES):
        assert room.answer({"verb": "open", "mailbox": BOX, "pin": "000000", "caller": "103@a.example"}) == {
            "refused": "pin"
        }
    assert room.answer({"verb": "open", "mailbox": BOX, "pin": PIN, "caller": BOX}) == {"refused": "pin"}
    assert Entry.objects.filter(action="voicemail.locked", actor="103@a.example").count() == 1


@pytest.mark.parametrize("wish", [{"pin": PIN}, {"email": "mallory@evil.example"}, {"email_audio": True}])
def test_who_may_not_hear_messages_opens_no_way_to_them(site: Site, wish: dict[str, Any]) -> None:
    """Case W95: a token that may change mailboxes, and not hear them, would hear all by a PIN or an address of its own.
    What leads nowhere it still changes."""
    rest = Rest()
    scope = {"permissions": ["voicemails.write"], "username": "100@a.example", "password": PASSWORD}
    rest.token = rest.post("auth/token", **scope)["token"]
    path = f"users/{site.users[BOX]}/voicemail"
    assert rest.refusal("PATCH", path, wish)["status"] == 403
    assert rest.call("PATCH", path, {"enabled": True, "email": "", "email_audio": False})[0] == 200
    assert site.a.call("PATCH", path, wish)[0] == 200


def test_one_caller_cannot_try_a_pin_at_every_mailbox(site: Site) -> None:
    """Guesses are counted for each caller too: few at many mailboxes lock none of them. Others are not hindered, a
    right PIN in between changes nothing, and it passes (attack case 93's kin)."""
    site.a.call("PATCH", f"users/{site.users[BOX]}/voicemail", {"pin": PIN, "enabled": True})
    now = [0.0]
    room = Mailroom(clock=lambda: now[0])
    mallory = {"verb": "open", "caller": "103@a.example"}
    own = {**mallory, "mailbox": BOX, "pin": PIN}
    for number in range(200, 200 + MOST_WRONG):
        assert "ticket" in room.answer(own)
        assert "refused" in room.answer({**mallory, "mailbox": f"{number}@a.example", "pin": "135791"})
    assert room.answer(own) == {"refused": "pin"}
    assert "ticket" in room.answer({**own, "caller": BOX})
    assert Entry.objects.filter(action="voicemail.guessed", actor="103@a.example").count() == 1
    now[0] += WRONG_SECONDS + 1
    assert "ticket" in room.answer(own)


def test_a_mailbox_without_pin_opens_for_no_phone(site: Site) -> None:
    assert Mailroom().answer({"verb": "open", "mailbox": BOX, "pin": "", "caller": BOX}) == {"refused": "pin"}


def test_a_visitor_hears_and_deletes_his_own_messages_only(site: Site) -> None:
    leave_message(BOX, b"\x80" * 8000)
    leave_message("100@a.example")
    foreign = Message.objects.get(extension__number="100", extension__tenant__domain="a.example").pk
    site.a.call("PATCH", f"users/{site.users[BOX]}/voicemail", {"pin": PIN, "enabled": True})
    room = Mailroom()
    opened = room.answer({"verb": "open", "mailbox": BOX, "pin": PIN, "caller": BOX})
    (message,) = opened["messages"]
    ticket = opened["ticket"]
    heard = room.answer({"verb": "audio", "ticket": ticket, "message": message["id"]})
    assert base64.b64decode(heard["audio"]) == b"\x80" * 8000
    assert Message.objects.get(pk=message["id"]).heard_at is not None
    assert room.answer({"verb": "audio", "ticket": ticket, "message": foreign}) == {"refused": "message"}
    assert room.answer({"verb": "delete", "ticket": ticket, "message": message["id"]}) == {}
    assert room.answer({"verb": "audio", "ticket": "guessed", "message": foreign}) == {"refused": "ticket"}


def test_a_full_mailbox_says_so(site: Site) -> None:
    site.a.call("PATCH", f"users/{site.users[BOX]}/voicemail", {"enabled": True})
    site.a.call("PATCH", f"tenants/{site.tenants['a']}/voicemail", {"quota_seconds": 60})
    room = Mailroom()
    assert room.answer({"verb": "mailbox", "mailbox": BOX}) == {"greeting": "", "longest": 180, "full": False}
    leave_message(BOX, b"\xff" * 480_000)
    assert room.answer({"verb": "mailbox", "mailbox": BOX})["full"]
    assert room.answer({"verb": "mailbox", "mailbox": "100@a.example"}) == {"refused": "mailbox"}
    assert room.answer({"verb": "no such"}) == {"refused": "verb"}


def test_a_greeting_is_taken_as_wav_and_laid_out_for_the_voice_process(site: Site) -> None:
    path = f"users/{site.users[BOX]}/voicemail/greeting"
    assert site.a.call("PUT", path, {"audio": base64.b64encode(wav()).decode()})[0] == 204
    laid_out = changes.greeting_file(Extension.objects.get(number="101", tenant__domain="a.example"))
    assert len(laid_out.read_bytes()) == 8000
    assert site.a.refusal("PUT", path, {"audio": base64.b64encode(wav(41)).decode()})["field"] == "audio"
    assert site.a.refusal("PUT", path, {"audio": "no base64!"})["field"] == "audio"
    assert site.a.call("DELETE", path)[0] == 204
    assert not laid_out.exists()


def test_each_rule_of_pins_is_the_tenants_to_switch(site: Site) -> None:
    """Issue 4, 4: each rule switchable by tenant. It counts for the next PIN; six digits cannot be undercut."""
    mailbox = f"users/{site.users['101@a.example']}/voicemail"
    rules = f"tenants/{site.tenants['a']}/voicemail"
    assert site.a.refusal("PATCH", mailbox, {"pin": "111222"})["error_id"] == "pin.pattern"
    site.a.call("PATCH", rules, {"pin_no_pattern": False})
    assert site.a.call("PATCH", mailbox, {"pin": "111222"})[0] == 200
    assert site.a.refusal("PATCH", mailbox, {"pin": "101852"})["error_id"] == "pin.own_number"
    site.a.call("PATCH", rules, {"pin_no_own_number": False, "pin_shortest": 8})
    assert site.a.refusal("PATCH", mailbox, {"pin": "101852"})["error_id"] == "pin.length"
    assert site.a.call("PATCH", mailbox, {"pin": "10185234"})[0] == 200
    assert site.a.refusal("PATCH", rules, {"pin_shortest": 4})["field"] == "pin_shortest"
    assert (
        site.b.refusal("PATCH", f"users/{site.users['101@b.example']}/voicemail", {"pin": "111222"})["field"] == "pin"
    )


def test_settings_of_a_tenant_name_their_limits(site: Site) -> None:
    refused = site.a.refusal("PATCH", f"tenants/{site.tenants['a']}/voicemail", {"longest_seconds": 5})
    assert refused["field"] == "longest_seconds"
    assert VoicemailSettings.of(site.tenants["a"]).longest_seconds == 180


def test_old_messages_are_deleted(site: Site) -> None:
    uid = leave_message(BOX)
    Message.objects.update(left_at="2020-01-01T00:00:00Z")
    assert changes.delete_old() == 1
    assert not audio.file_of(uid).exists()


def test_a_person_hears_and_deletes_the_own_messages_on_the_own_page(site: Site) -> None:
    leave_message("100@a.example", b"\x80" * 8000)
    leave_message("101@a.example")
    own = Message.objects.get(extension__number="100").pk
    foreign = Message.objects.get(extension__number="101").pk
    browser = signed_in_browser("100@a.example")
    assert b"my/voicemail" in browser.get("/my/voicemail", secure=True).content
    assert browser.get(f"/my/voicemail/{own}/audio", secure=True).status_code == 200
    assert browser.get(f"/my/voicemail/{foreign}/audio", secure=True).status_code == 404
    assert Message.objects.get(pk=own).heard_at is not None
    browser.post("/my/voicemail/settings", {"enabled": "on", "pin": PIN, "email": "a@a.example"}, secure=True)
    assert Extension.objects.get(number="100", tenant__domain="a.example").mailbox.email == "a@a.example"
    assert browser.get("/my/voicemail/settings", secure=True).status_code == 200
    assert browser.post(f"/my/voicemail/{own}/delete", secure=True).status_code == 302
    assert browser.get("/voicemail", secure=True).status_code == 200
