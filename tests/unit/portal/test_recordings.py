"""Recordings in the portal: allowed, taken in, heard, deleted, nothing of it for strangers (attack cases 82, 95)."""

import base64
import io
import json
import os
import time
import wave
from typing import Any

import pytest

from ringfence.portal import audio, publish
from ringfence.portal.audit.models import Entry
from ringfence.portal.calls.ingest import store
from ringfence.portal.people.calling import calling_of
from ringfence.portal.people.models import Extension
from ringfence.portal.recordings import changes, intake
from ringfence.portal.recordings.models import Recording, RecordingSettings
from ringfence.portal.recordings.sweep import delete_orphans
from ringfence.portal.voicemail.mailroom import Mailroom
from tests.unit.portal.rest import Rest, Site
from tests.unit.portal.signing_in import signed_in_browser
from tests.unit.portal.voicemails import leave, leave_message, record_call, wav

STEREO = b"\x80\xff" * 24_000


def newest(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = site.a.get("recordings")["items"][0]
    return found


def begin(site: Site, uid: str, **more: Any) -> dict[str, Any]:
    note = {
        "tenant_id": site.tenants["a"], "call": "c9", "caller": "101@a.example", "callee": "100@a.example",
        "direction": "internal", "why": "tenant", "announced": True, "started_at": time.time(), **more,
    }  # fmt: skip
    return Mailroom().answer({"verb": "recording", "uid": uid, "note": note})


def test_a_recording_comes_in_once_with_its_two_channels(site: Site) -> None:
    record_call(site.tenants["a"], "101@a.example", "+4930111", STEREO)
    row = newest(site)
    assert (row["seconds"], row["caller"], row["running"], row["whole"]) == (3.0, "101@a.example", False, True)
    status, content, headers = download(site.a, row["id"])
    assert status == 200
    assert int(headers["Content-Length"]) == len(content)
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getnframes()) == (2, 24_000)
    (entry,) = Entry.objects.filter(action="recording.heard")
    assert (entry.actor, entry.object_id) == ("100@a.example", str(row["id"]))


def download(caller: Rest, number: int, wanted: str = "") -> tuple[int, bytes, Any]:
    headers = {"Authorization": f"Bearer {caller.token}", **({"Range": wanted} if wanted else {})}
    answer: Any = caller.client.get(f"/api/v1/recordings/{number}/audio", headers=headers, secure=True)
    return answer.status_code, b"".join(answer.streaming_content if answer.streaming else [answer.content]), answer


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [("bytes=0-43", 0, 44), ("bytes=40-60", 40, 61), ("bytes=16044-", 16_044, None), ("bytes=-100", -100, None),
     ("bytes=32043-32046", 32_043, 32_047), ("bytes=0-999999999", 0, None)],
)  # fmt: skip
def test_a_player_may_ask_for_a_part(site: Site, wanted: str, start: int, stop: int | None) -> None:
    """RFC 9110 section 14: what a browser needs to jump. Chunks before the part are not even opened."""
    record_call(site.tenants["a"], "101@a.example", "+4930111", bytes(range(128)) * 375)
    number = newest(site)["id"]
    whole = download(site.a, number)[1]
    status, content, headers = download(site.a, number, wanted)
    assert content == whole[start:stop]
    assert status == (206 if len(content) < len(whole) else 200)
    assert int(headers["Content-Length"]) == len(content)


def test_a_part_that_is_not_there_is_refused(site: Site) -> None:
    record_call(site.tenants["a"], "101@a.example", "+4930111", STEREO)
    assert download(site.a, newest(site)["id"], "bytes=999999-")[0] == 416


def test_a_recording_is_known_while_it_runs_and_has_no_audio_yet(site: Site) -> None:
    uid = "0" * 32
    assert begin(site, uid) == {"announcement": ""}
    row = newest(site)
    assert row["running"]
    assert download(site.a, row["id"])[0] == 404
    assert site.a.refusal("DELETE", f"recordings/{row['id']}")["status"] == 409
    Mailroom().answer({"verb": "recording-gone", "uid": uid})
    assert Recording.objects.count() == 0


def test_a_full_tenant_records_nothing_more_and_an_alarm_says_so(site: Site) -> None:
    """W82: the quota stops recordings; no call is asked or ended."""
    record_call(site.tenants["a"], "101@a.example", "+4930111", STEREO)
    site.a.call("PATCH", f"tenants/{site.tenants['a']}/recording", {"quota_hours": 0})
    assert begin(site, "1" * 32) == {"refused": "quota"}
    told = [args for verb, args in site.guard.asked if verb == intake.ALARM and args["message"]]
    assert told[0]["alarm"] == f"recordings.quota.{site.tenants['a']}"
    assert begin(site, "1" * 32, tenant_id=999) == {"refused": "tenant"}
    assert begin(site, "../../etc/passwd") == {"refused": "tenant"}
    assert begin(site, "1" * 32, tenant_id=None) == {"refused": "note"}


def test_trouble_becomes_an_alarm(site: Site) -> None:
    Mailroom().answer({"verb": "recording-trouble", "tenant_id": 1, "call": "c", "why": "Only 3 MiB of disk are free."})
    (told,) = [args for verb, args in site.guard.asked if verb == intake.ALARM]
    assert (told["alarm"], "3 MiB" in told["message"]) == (intake.TROUBLE, True)


def test_what_is_no_recording_is_dropped_or_set_aside(site: Site) -> None:
    uid = leave("recording", STEREO, tenant_id=999, announced=True)
    assert not audio.file_of(uid).exists()
    leave("recording", STEREO, tenant_id="many", announced=True)
    assert Recording.objects.count() == 0


def test_deleting_deletes_the_audio_and_stands_in_the_audit_log(site: Site) -> None:
    uid = record_call(site.tenants["a"], "101@a.example", "+4930111", STEREO)
    assert audio.file_of(uid).exists()
    assert site.a.call("DELETE", f"recordings/{newest(site)['id']}")[0] == 204
    assert not audio.file_of(uid).exists()
    assert Entry.objects.filter(action="recording.deleted").count() == 1


def test_old_recordings_are_deleted_after_their_days(site: Site) -> None:
    uid = record_call(site.tenants["a"], "101@a.example", "+4930111", STEREO, started_at=time.time() - 3 * 86_400)
    assert changes.delete_old() == 0
    site.a.call("PATCH", f"tenants/{site.tenants['a']}/recording", {"retention_days": 2})
    assert changes.delete_old() == 1
    assert not audio.file_of(uid).exists()


def test_what_a_deleted_tenant_said_is_deleted_too(site: Site) -> None:
    gone = record_call(site.tenants["b"], "101@b.example", "+4930111", STEREO)
    kept = [record_call(site.tenants["a"], "101@a.example", "+4930111", STEREO), leave_message("101@a.example")]
    fresh = record_call(site.tenants["b"], "101@b.example", "+4930222", STEREO)
    for uid in (gone, *kept):
        os.utime(audio.file_of(uid), (1.0, 1.0))
    assert site.admin.call("DELETE", f"tenants/{site.tenants['b']}")[0] == 204
    assert delete_orphans() == 1
    assert [audio.file_of(uid).exists() for uid in (gone, *kept, fresh)] == [False, True, True, True]


def test_a_recording_that_never_came_is_forgotten(site: Site) -> None:
    begin(site, "2" * 32, started_at=time.time() - 7 * 3600)
    begin(site, "3" * 32)
    assert intake.forget_lost() == 1


def test_what_a_tenant_wants_reaches_the_workers(site: Site) -> None:
    path = f"tenants/{site.tenants['a']}/recording"
    status, kept = site.a.call("PATCH", path, {"directions": ["outbound", "inbound"], "announced": False})
    assert (status, kept["directions"]) == (200, ["inbound", "outbound"])
    rules = {tenant.domain: tenant.recording for tenant in publish.book().tenants}
    assert rules["a.example"].directions == ("inbound", "outbound")
    assert (rules["a.example"].announced, rules["b.example"].directions) == (False, ())
    refused = site.a.refusal("PATCH", path, {"directions": ["sideways"]})
    assert (refused["status"], refused["field"].startswith("directions")) == (422, True)
    assert site.a.refusal("PATCH", path, {"retention_days": 0})["field"] == "retention_days"


def test_what_an_extension_wants_reaches_the_workers(site: Site) -> None:
    path = f"users/{site.users['101@a.example']}/recording"
    for choice in (["internal"], [], None):
        assert site.a.call("PATCH", path, {"directions": choice})[1]["directions"] == choice
        extension = Extension.objects.get(number="101", tenant__domain="a.example")
        found = calling_of(extension).recording
        assert found == (None if choice is None else tuple(choice))
    assert Entry.objects.filter(action="user.recording_changed").count() == 3


def test_an_own_announcement_is_laid_out_for_the_voice_process(site: Site) -> None:
    path = f"tenants/{site.tenants['a']}/recording/announcement"
    assert site.a.call("PUT", path, {"audio": base64.b64encode(wav()).decode()})[0] == 204
    assert len(changes.announcement_file(site.tenants["a"]).read_bytes()) == 8000
    assert begin(site, "4" * 32) == {"announcement": f"recording-{site.tenants['a']}"}
    assert site.a.refusal("PUT", path, {"audio": base64.b64encode(wav(8)).decode()})["field"] == "audio"
    assert site.a.call("DELETE", path)[0] == 204
    assert not changes.announcement_file(site.tenants["a"]).exists()


def talking(site: Site, **more: Any) -> None:
    call = {
        "call_id": "t1", "tenant_id": site.tenants["a"], "state": "answered", "sip_call_id": "s1", "tags": ["x", "y"],
        "caller": "101@a.example", "callee": "100@a.example", **more,
    }  # fmt: skip
    site.guard.answers["calls.list"] = [call]


def test_a_call_record_says_whether_the_call_was_recorded(site: Site) -> None:
    """REST `cdrs` says it, the page of the call has the player, for whoever may hear recordings."""
    for call in ("c1", "c2"):
        store({"kind": "call.ended", "t": 100.0, "call_id": call, "tenant_id": site.tenants["a"], "caller": "x"})
    record_call(site.tenants["a"], "101@a.example", "+4930111", STEREO, call="c1")
    found = {row["call_id"]: row for row in site.a.get("cdrs")["items"]}
    assert (found["c1"]["recorded"], found["c2"]["recorded"]) == (True, False)
    page = signed_in_browser("100@a.example").get(f"/cdrs/{found['c1']['id']}", secure=True).content
    assert b"/recordings/" in page


def test_a_running_call_is_recorded_on_demand(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(changes, "tell_voice", lambda news: not told.append(news))
    talking(site)
    assert site.a.call("PUT", "calls/t1/recording")[0] == 202
    assert site.a.call("DELETE", "calls/t1/recording")[0] == 202
    assert [(news["on"], news["facts"]["relay"], news["by"]) for news in told] == [
        (True, "s1", "100@a.example"),
        (False, "s1", "100@a.example"),
    ]
    json.dumps(told)
    assert site.b.refusal("PUT", "calls/t1/recording")["status"] == 404
    talking(site, state="ringing", tags=[])
    assert site.a.refusal("PUT", "calls/t1/recording")["status"] == 409
    assert Entry.objects.filter(action="recording.started").count() == 1


def test_without_a_voice_process_one_is_told_so(site: Site) -> None:
    talking(site)
    assert site.a.refusal("PUT", "calls/t1/recording")["error_id"] == "recordings.voice_away"


def test_a_person_hears_recordings_of_the_own_calls_only(site: Site) -> None:
    """W95's kin: the own page shows own calls, and no number opens another's."""
    record_call(site.tenants["a"], "100@a.example", "+4930111", STEREO)
    record_call(site.tenants["a"], "101@a.example", "+4930222", STEREO)
    own = Recording.objects.get(caller="100@a.example").pk
    foreign = Recording.objects.get(caller="101@a.example").pk
    browser = signed_in_browser("100@a.example")
    page = browser.get("/my/recordings", secure=True).content
    assert b"+4930111" in page
    assert b"+4930222" not in page
    assert browser.get(f"/my/recordings/{own}/audio", secure=True).status_code == 200
    assert browser.get(f"/my/recordings/{foreign}/audio", secure=True).status_code == 404
    assert browser.post(f"/my/recordings/{own}/delete", secure=True).status_code == 404


def test_the_pages_of_administrators(site: Site) -> None:
    uid = record_call(site.tenants["a"], "101@a.example", "+4930111", STEREO, call="c1")
    row = Recording.objects.get()
    browser = signed_in_browser("100@a.example")
    assert b"<audio controls" in browser.get("/recordings", secure=True).content
    assert browser.get(f"/recordings/{row.pk}/audio", secure=True).status_code == 200
    path = f"/recordings/tenants/{site.tenants['a']}"
    wish = {"directions": ["inbound"], "on_demand": "on", "quota_hours": "5", "retention_days": "30"}
    assert browser.post(path, wish, secure=True).status_code == 302
    kept = RecordingSettings.of(site.tenants["a"])
    assert (kept.directions, kept.announced, kept.on_demand, kept.quota_hours) == (["inbound"], False, True, 5)
    assert browser.post(path, {**wish, "retention_days": "0"}, secure=True).status_code == 422
    assert b"Announcement" in browser.get(path, secure=True).content
    user = f"/users/{site.users['101@a.example']}/recording"
    assert b"Recorded are" in browser.get(user, secure=True).content
    assert browser.post(f"/recordings/{row.pk}/delete", secure=True).status_code == 302
    assert not audio.file_of(uid).exists()
    assert browser.get(f"/recordings/tenants/{site.tenants['b']}", secure=True).status_code == 404
