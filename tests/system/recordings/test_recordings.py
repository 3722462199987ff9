"""Recordings over the real media path (reference: users see recordings in the portal; attack cases 82 and 95)."""

import os
import signal
import sqlite3
import time
import wave
from array import array
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import tone
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within

pytestmark = pytest.mark.usefixtures("oracle")

LEFT, RIGHT = 400, 700
OFF = {"directions": [], "announced": True, "on_demand": False}
PATIENCE = 15


@contextmanager
def two_phones(pbx: Any, lab: Any, home: Path) -> Iterator[tuple[Baresip, Baresip]]:
    with (
        Baresip(lab.host("dave", 14), home / "a", pbx.account("151"), frequency=LEFT) as caller,
        Baresip(lab.host("erin", 15), home / "b", pbx.account("152"), frequency=RIGHT) as callee,
    ):
        caller.wait_registered()
        callee.wait_registered()
        yield caller, callee


@pytest.fixture
def recording(pbx: Any) -> Iterator[Any]:
    """`recording(directions=["internal"])`: what the tenant wants; afterwards nothing is recorded."""
    path = f"tenants/{pbx.tenant['id']}/recording"

    def change(**values: Any) -> None:
        pbx.rest.patch(path, **values)
        time.sleep(0.3)

    yield change
    pbx.rest.patch(path, **OFF)


def talk(caller: Baresip, seconds: float, number: str = "152") -> None:
    caller.forget_events()
    caller.dial(number)
    caller.wait_for("CALL_ESTABLISHED")
    time.sleep(seconds)


def hang_up(caller: Baresip) -> None:
    caller.hang_up()
    caller.wait_for("CALL_CLOSED")


def recordings(pbx: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pbx.rest.get("recordings", user_id=str(pbx.users["151"]["id"]))["items"]
    return found


def finished(pbx: Any, known: int, more: int = 1) -> dict[str, Any]:
    """The newest recording, once there are so many more than before."""

    def look() -> bool:
        rows = recordings(pbx)
        return len(rows) >= known + more and not any(row["running"] for row in rows)

    within(PATIENCE, look, "the recording is in the portal")
    return recordings(pbx)[0]


def sides(pbx: Any, row: dict[str, Any], home: Path) -> tuple[Path, Path]:
    """Both channels of a recording as files of their own."""
    status, wav = pbx.rest.raw("GET", f"recordings/{row['id']}/audio")
    assert status == 200
    (home / "both.wav").write_bytes(wav)
    with wave.open(str(home / "both.wav")) as file:
        assert file.getnchannels() == 2
        samples = array("h", file.readframes(file.getnframes()))
    made = home / "left.wav", home / "right.wav"
    for channel, path in enumerate(made):
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(8000)
            out.writeframes(samples[channel::2].tobytes())
    return made


def test_both_sides_are_recorded_each_in_its_channel_and_sealed(
    pbx: Any, lab: Any, tmp_path: Path, recording: Any
) -> None:
    """W82: nothing on the disk is audio in the clear, neither while the call lasts nor afterwards."""
    recording(directions=["internal"], announced=False)
    with two_phones(pbx, lab, tmp_path) as (caller, _):
        known = len(recordings(pbx))
        talk(caller, 3.0)
        growing = list(pbx.product.paths.spool.glob("*.audio"))
        assert growing
        assert all(path.read_bytes().startswith(b"RFAUDIO1") for path in growing)
        assert recordings(pbx)[0]["running"]
        hang_up(caller)
        row = finished(pbx, known)
    assert (row["why"], row["direction"], row["announced"], row["whole"]) == ("tenant", "internal", False, True)
    left, right = sides(pbx, row, tmp_path)
    for path, own, other in ((left, LEFT, RIGHT), (right, RIGHT, LEFT)):
        heard = tone.listen(path, own)
        assert heard.seconds >= 2.0, heard
        assert heard.is_whole, heard
        assert tone.listen(path, other).seconds == 0
    kept = [path.read_bytes() for path in pbx.product.paths.audio.iterdir()]
    assert all(raw.startswith(b"RFAUDIO1") for raw in kept)
    assert list(pbx.product.paths.spool.iterdir()) == []


def test_an_announced_recording_is_heard_by_both(pbx: Any, lab: Any, tmp_path: Path, recording: Any) -> None:
    """While it is announced neither hears the other's tone, often from the first moment on. Extensions that want
    nothing recorded are not recorded."""
    recording(directions=["internal"], announced=True)
    with two_phones(pbx, lab, tmp_path) as (caller, callee):
        known = len(recordings(pbx))
        _choose(pbx, [])
        talk(caller, 1.0)
        hang_up(caller)
        _choose(pbx, None)
        talk(caller, 5.0)
        hang_up(caller)
        assert finished(pbx, known)["announced"]
        assert len(recordings(pbx)) == known + 1
    for phone, other in ((caller, RIGHT), (callee, LEFT)):
        heard = tone.listen(phone.recording, other)
        assert heard.recorded - heard.seconds >= 1.0, f"{phone.account.user} heard no announcement: {heard}"
        assert heard.seconds >= 1.0, f"{phone.account.user} heard nothing after it: {heard}"


def _choose(pbx: Any, directions: list[str] | None) -> None:
    for number in ("151", "152"):
        pbx.rest.patch(f"users/{pbx.users[number]['id']}/recording", directions=directions)
    time.sleep(0.3)


def test_keys_in_a_call_and_the_portal_start_and_stop_a_recording(
    pbx: Any, lab: Any, tmp_path: Path, recording: Any
) -> None:
    """*1 where the tenant permits it, REST in any case; each start is a recording of its own."""
    recording(directions=[], announced=False, on_demand=True)
    with two_phones(pbx, lab, tmp_path) as (caller, _):
        known = len(recordings(pbx))
        talk(caller, 0.5)
        _type(caller, "*1")
        within(PATIENCE, lambda: len(recordings(pbx)) == known + 1, "*1 starts a recording")
        time.sleep(1.5)
        _type(caller, "*1")
        by_phone = finished(pbx, known)
        assert (by_phone["why"], by_phone["by"].partition("@")[0]) == ("on demand", "151")
        (call,) = [one for one in pbx.rest.get("calls")["items"] if one["dialled"] == "152"]
        assert pbx.rest.raw("PUT", f"calls/{call['call_id']}/recording")[0] == 202
        within(PATIENCE, lambda: len(recordings(pbx)) == known + 2, "REST starts a recording")
        time.sleep(1.5)
        assert pbx.rest.raw("DELETE", f"calls/{call['call_id']}/recording")[0] == 202
        row = finished(pbx, known, 2)
        assert any(one["call_id"] == call["call_id"] for one in pbx.rest.get("calls")["items"]), "the call has ended"
        hang_up(caller)
    assert row["call_id"] == by_phone["call_id"] == call["call_id"]
    assert tone.listen(sides(pbx, row, tmp_path)[0], LEFT).seconds >= 1.0


def test_a_full_room_records_no_more_and_ends_no_call(pbx: Any, lab: Any, tmp_path: Path, recording: Any) -> None:
    """W82: with the tenant's hours used up the call goes on unrecorded, and an alarm tells it until there is room."""
    recording(directions=["internal"], announced=False, quota_hours=0)
    try:
        with two_phones(pbx, lab, tmp_path) as (caller, callee):
            known = len(recordings(pbx))
            talk(caller, 2.0)
            within(PATIENCE, lambda: _is_full(pbx), "an alarm stands")
            hang_up(caller)
            assert tone.listen(callee.recording, LEFT).is_whole
            assert len(recordings(pbx)) == known
            recording(quota_hours=100)
            talk(caller, 1.0)
            hang_up(caller)
            finished(pbx, known)
        within(PATIENCE, lambda: not _is_full(pbx), "the alarm is over")
    finally:
        recording(quota_hours=100)


def _is_full(pbx: Any) -> bool:
    wanted = f"recordings.quota.{pbx.tenant['id']}"
    return any(alarm["id"] == wanted for alarm in pbx.product.guard("alarms.list"))


@pytest.mark.restarts
def test_recordings_beyond_their_days_are_deleted_with_their_audio(pbx: Any, recording: Any) -> None:
    """Retention: the mail room looks when it starts and every hour. The others stay."""
    recording(retention_days=2)
    rows = recordings(pbx)
    assert len(rows) >= 1
    old, kept = rows[0]["id"], {row["id"] for row in rows[1:]}
    database = pbx.product.paths.portal_database
    before = len(list(pbx.product.paths.audio.iterdir()))
    with closing(sqlite3.connect(database, timeout=10)) as opened, opened:
        opened.execute("UPDATE recordings_recording SET started_at = datetime('now', '-49 hours') WHERE id = ?", (old,))
    os.kill(pbx.product.process_ids()["mailroom"], signal.SIGKILL)
    within(30, lambda: old not in {row["id"] for row in recordings(pbx)}, "the old recording is gone")
    assert {row["id"] for row in recordings(pbx)} == kept
    within(5, lambda: len(list(pbx.product.paths.audio.iterdir())) == before - 1, "its audio is gone too")
    recording(retention_days=180)


def test_recordings_are_deleted_with_their_audio(pbx: Any) -> None:
    """What is deleted is gone from the disk too."""
    rows = recordings(pbx)
    assert rows
    for row in rows:
        assert pbx.rest.raw("DELETE", f"recordings/{row['id']}")[0] == 204
    assert recordings(pbx) == []


@pytest.mark.restarts
def test_a_killed_voice_process_loses_no_call_and_little_of_the_recording(
    pbx: Any, lab: Any, tmp_path: Path, recording: Any
) -> None:
    """The part before the kill is kept, and its successor records the rest as another part."""
    recording(directions=["internal"], announced=False)
    with two_phones(pbx, lab, tmp_path) as (caller, callee):
        known = len(recordings(pbx))
        talk(caller, 3.0)
        os.kill(pbx.product.process_ids()["voice"], signal.SIGKILL)
        within(PATIENCE, lambda: len(recordings(pbx)) == known + 2, "the successor records on")
        time.sleep(2.0)
        hang_up(caller)
        finished(pbx, known, 2)
        after, before = recordings(pbx)[:2]
    heard = tone.listen(callee.recording, LEFT)
    assert heard.is_whole, f"the call suffered: {heard}"
    assert (before["whole"], after["whole"]) == (False, True)
    assert before["call_id"] == after["call_id"]
    for row, least in ((before, 1.5), (after, 1.0)):
        assert tone.listen(sides(pbx, row, tmp_path)[0], LEFT).seconds >= least


def _type(phone: Baresip, keys: str) -> None:
    for key in keys:
        phone.command("sndcode", key)
        time.sleep(0.3)
