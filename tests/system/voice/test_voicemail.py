"""Voicemail over the real media path: a message is left, sealed, told and heard (REST `voicemails`; RFC 3842)."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip, tone
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from ringfence.lab.sip import Headers, Message
from ringfence.lab.softphone import Softphone

pytestmark = pytest.mark.usefixtures("oracle")

SPOKEN = 500


def test_a_message_is_left_sealed_and_heard_over_rest(pbx: Any, lab: Any, phone: Any, tmp_path: Path) -> None:
    """The caller's tone is in the WAV file, no file on the disk holds it in the clear, and the light goes on."""
    owner = phone("142")
    _enable(pbx, "142")
    with Baresip(lab.host("dave", 14), tmp_path / "d", pbx.account("141"), frequency=SPOKEN) as caller:
        caller.wait_registered()
        _speak(caller, "*99142")
    message, _ = within(5, lambda: _newest(pbx, "142"), "the message is in REST")
    assert (message["caller"], message["heard_at"], message["whole"]) == (f"141@{pbx.tenant['domain']}", None, True)
    assert _tone_of(pbx, message, tmp_path).seconds >= 2.0
    kept = [path.read_bytes() for path in pbx.product.paths.audio.iterdir()]
    assert kept
    assert all(raw.startswith(b"RFAUDIO1") for raw in kept)
    assert list(pbx.product.paths.spool.iterdir()) == []
    notice = owner.request("NOTIFY")
    assert "Messages-Waiting: yes" in notice.body.decode()
    assert "Voice-Message: 1/0" in notice.body.decode()


def test_a_phone_that_asks_for_its_messages_is_told_of_them(pbx: Any, lab: Any, phone: Any, tmp_path: Path) -> None:
    """RFC 3842: baresip, linphone and most desk phones subscribe to their mailbox, and got 489. They are told at
    once, at each change and when they ask no more; nobody else is.
    """
    owner = phone("983")
    _enable(pbx, "983")
    asked = _ask_for_messages(owner, "983")
    _told(owner, "Voice-Message: 0/0")
    with Baresip(lab.host("dave47", 47), tmp_path / "d", pbx.account("984"), frequency=SPOKEN) as caller:
        caller.wait_registered()
        _speak(caller, "*99983")
    lit = _told(owner, "Voice-Message: 1/0")
    assert "Messages-Waiting: yes" in lit.body.decode()
    assert lit.header("call-id") == dict(asked)["Call-ID"]
    message = within(5, lambda: _newest(pbx, "983"), "the message is in REST")[0]
    pbx.rest.delete(f"voicemails/{message['id']}")
    assert "Messages-Waiting: no" in _told(owner, "Voice-Message: 0/0").body.decode()
    _ask_for_messages(owner, "983", 0, asked)
    assert _told(owner, "Voice-Message: 0/0", "terminated").header("call-id") == dict(asked)["Call-ID"]
    uri = f"sip:984@{owner.account.domain}"
    other = sip.with_header(owner.headers("SUBSCRIBE", uri), "Event", "message-summary")
    assert owner.authenticated("SUBSCRIBE", uri, other).status == 403


def test_calls_that_nobody_takes_come_to_the_voicemail(pbx: Any, lab: Any, phone: Any, tmp_path: Path) -> None:
    """Offline, busy, not answered: each says so in the message."""
    _enable(pbx, "143")
    with Baresip(lab.host("dave", 14), tmp_path / "d", pbx.account("141"), frequency=SPOKEN) as caller:
        caller.wait_registered()
        _speak(caller, "143")
        missed, _ = within(5, lambda: _newest(pbx, "143"), "a message for an extension without a phone")
        assert missed["missed"] == "offline"
        owner = phone("143")
        caller.dial("143")
        owner.respond(owner.request("INVITE"), 486, "Busy Here", "b")
        _say(caller)
        within(5, lambda: (_newest(pbx, "143") or {}).get("missed") == "busy", "a message for a busy extension")
        assert _tone_of(pbx, _newest(pbx, "143") or {}, tmp_path).seconds >= 2.0
    pbx.rest.patch(f"users/{pbx.users['143']['id']}/calling", ring_seconds=5)
    with Baresip(lab.host("dave", 14), tmp_path / "e", pbx.account("141"), frequency=SPOKEN) as caller:
        caller.wait_registered()
        caller.dial("143")
        owner.respond(owner.request("INVITE"), 180, "Ringing", "r")
        _say(caller, patience=15)
        within(5, lambda: (_newest(pbx, "143") or {}).get("missed") == "no-answer", "a message after ringing in vain")


def test_the_owner_listens_by_phone_after_the_pin(pbx: Any, lab: Any, tmp_path: Path) -> None:
    """*97 asks the PIN; a wrong one opens nothing, the right one plays the caller's tone to the owner."""
    _enable(pbx, "144", pin="804159")
    with Baresip(lab.host("dave", 14), tmp_path / "d", pbx.account("141"), frequency=SPOKEN) as caller:
        caller.wait_registered()
        _speak(caller, "144")
        message, _ = within(5, lambda: _newest(pbx, "144"), "the message is in REST")
    with Baresip(lab.host("erin", 15), tmp_path / "o", pbx.account("144"), frequency=700) as owner:
        owner.wait_registered()
        owner.dial("*97")
        owner.wait_for("CALL_ESTABLISHED")
        _type(owner, "123456#")
        time.sleep(3)
        assert _heard(pbx, message) is None, "a wrong PIN opened the mailbox"
        _type(owner, "804159#")
        within(20, lambda: _heard(pbx, message), "the message is heard")
        time.sleep(message["seconds"] + 1)
        owner.hang_up()
        owner.wait_for("CALL_CLOSED")
    assert tone.listen(owner.recording, SPOKEN).seconds >= 2.0


def _speak(caller: Baresip, number: str) -> None:
    caller.dial(number)
    _say(caller)


def _say(caller: Baresip, patience: float = 5.0) -> None:
    """Skips the greeting with a key, speaks after the tone, hangs up."""
    caller.wait_for("CALL_ESTABLISHED", timeout=patience)
    time.sleep(1)
    caller.command("sndcode", "#")
    time.sleep(5)
    caller.hang_up()
    caller.wait_for("CALL_CLOSED")


def _type(phone: Baresip, keys: str) -> None:
    for key in keys:
        phone.command("sndcode", key)
        time.sleep(0.3)


def _heard(pbx: Any, message: dict[str, Any]) -> Any:
    return pbx.rest.get(f"voicemails/{message['id']}")["heard_at"]


def _tone_of(pbx: Any, message: dict[str, Any], folder: Path) -> tone.Heard:
    status, wav = pbx.rest.raw("GET", f"voicemails/{message['id']}/audio")
    assert status == 200
    (folder / "message.wav").write_bytes(wav)
    heard = tone.listen(folder / "message.wav", SPOKEN)
    assert heard.is_whole, heard
    return heard


def _enable(pbx: Any, number: str, **more: Any) -> None:
    pbx.account(number)
    pbx.rest.patch(f"users/{pbx.users[number]['id']}/voicemail", enabled=True, **more)


def _newest(pbx: Any, number: str) -> dict[str, Any] | None:
    rows = pbx.rest.get("voicemails", user_id=str(pbx.users[number]["id"]))["items"]
    return rows[0] if rows else None


@pytest.mark.restarts
def test_a_killed_voice_process_ends_its_calls_and_hands_over_what_was_said(pbx: Any, lab: Any, tmp_path: Path) -> None:
    """Nobody holds a silent line, and the message is kept as far as it came; then it answers again."""
    _enable(pbx, "145")
    with Baresip(lab.host("dave", 14), tmp_path / "d", pbx.account("141"), frequency=SPOKEN) as caller:
        caller.wait_registered()
        caller.dial("145")
        caller.wait_for("CALL_ESTABLISHED")
        time.sleep(1)
        caller.command("sndcode", "#")
        time.sleep(5)
        os.kill(pbx.product.process_ids()["voice"], signal.SIGKILL)
        caller.wait_for("CALL_CLOSED", timeout=10)
        message, _ = within(10, lambda: _newest(pbx, "145"), "the message is kept")
        assert message["whole"] is False
        assert _tone_of(pbx, message, tmp_path).seconds >= 1.0
        within(5, lambda: pbx.product.is_ready("voice"), "voice is back")
        caller.forget_events()
        _speak(caller, "145")
        within(5, lambda: (_newest(pbx, "145") or {}).get("whole"), "the next message is whole")


def _ask_for_messages(phone: Softphone, number: str, expires: int = 300, like: Headers | None = None) -> Headers:
    """The headers of the dialog that an accepted SUBSCRIBE made or belongs to."""
    uri = f"sip:{number}@{phone.account.domain}"
    headers = like or phone.headers("SUBSCRIBE", uri)
    headers = sip.with_header(sip.with_header(headers, "Event", "message-summary"), "Expires", str(expires))
    answer = phone.authenticated("SUBSCRIBE", uri, headers)
    assert answer.status == 200
    return sip.with_header(headers, "To", answer.header("to"))


def _told(phone: Softphone, what: str, state: str = "active") -> Message:
    """The first NOTIFY inside the subscription that says so; all before it are answered too."""
    while True:
        notice = phone.request("NOTIFY", 10)
        phone.respond(notice, 200, "OK")
        if what in notice.body.decode() and notice.header("subscription-state").startswith(state) and notice.tag("to"):
            return notice
