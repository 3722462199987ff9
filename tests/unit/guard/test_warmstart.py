"""The warm start: what stood at the last journal line is in the database Kamailio reads, and nothing that has ended."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from ringfence.guard.live import warmstart
from ringfence.guard.live.standing import load_newest, write_snapshot
from ringfence.journal.reader import Checkpoint
from ringfence.journal.returning import Returning, read_returning

from .workshop import call, line, registration, write_journal


def confirmed(call_id: str = "c1", start: float | None = None, **variables: str) -> bytes:
    told = {
        "h_entry": "3336",
        "h_id": "215",
        "callid": "call1",
        "from_uri": "sip:a",
        "from_tag": "ft",
        "to_uri": "sip:b",
        "to_tag": "tt",
        "state": "4",
        "start_ts": str(int(start or time.time())),
        "lifetime": "14400",
        "from_cseq": "1",
        "to_cseq": "0",
        "from_rs": "",
        "to_rs": "",
        "from_contact": "sip:a@x",
        "to_contact": "sip:b@x",
        "from_bindaddr": "udp:1:5060",
        "to_bindaddr": "udp:1:5060",
        "sflags": "0",
        "dflags": "0",
    }
    return line("call.confirmed", call_id=call_id, dialog=told, vars={"id": call_id, "empty": "", **variables})


def written(home: Path) -> dict[str, list[dict[str, Any]]]:
    target = home / "warm.db"
    warmstart.write(target, load_newest(home / "guard", home / "journal"), time.time())
    with closing(sqlite3.connect(target)) as db:
        db.row_factory = sqlite3.Row
        tables = ("location", "dialog", "dialog_vars", "version", "parked")
        return {table: [dict(row) for row in db.execute(f"SELECT * FROM {table}")] for table in tables}  # noqa: S608


def test_a_contact_comes_back_as_kamailio_stores_it(tmp_path: Path) -> None:
    write_journal(tmp_path, registration(expires_in=300), registration("102@acme.example", expires_in=-1))
    rows = written(tmp_path)["location"]
    assert [(row["username"], row["domain"]) for row in rows] == [("101", "acme.example")]
    assert rows[0]["contact"] == "sip:101@198.51.100.7:5060;ob"
    assert rows[0]["q"] == 0.5
    assert abs((rows[0]["expires"] - 2440587.5) * 86400 - time.time() - 300) < 2


def _expected(home: Path, now: float | None) -> list[Returning]:
    target = home / "returning"
    warmstart.write_expected(target, load_newest(home / "guard", home / "journal"), now)
    return list(read_returning(target))


def test_what_a_phone_over_udp_registered_with_is_expected_again(tmp_path: Path) -> None:
    """ADR 21: of the device that said it, and of no other."""
    asked = "sip:acme.example|<sip:101@198.51.100.7:5060;ob>;q=0.5|600"
    gone = registration("104@acme.example", expires_in=-1, asked=asked.replace("101", "104"))
    elsewhere = registration("102@acme.example", asked=asked)
    malformed = registration("103@acme.example", asked=7)
    write_journal(tmp_path, registration(asked=asked), elsewhere, malformed, gone, registration("105@acme.example"))
    (phone,) = _expected(tmp_path, time.time())
    assert abs(phone.until - time.time() - 300) < 2
    assert phone.facts == (
        *("198.51.100.7", "5060", "203.0.113.1", "5060", "sip:acme.example", "acme.example"),
        *("sip:101@acme.example", "sip:101@acme.example", "phone", "<sip:101@198.51.100.7:5060;ob>;q=0.5", "600"),
    )


def test_after_failed_starts_nobody_is_expected(tmp_path: Path) -> None:
    """Whatever ended the core before must not be read by it again."""
    write_journal(tmp_path, registration(asked="sip:acme.example|<sip:101@198.51.100.7:5060;ob>|600"))
    assert len(_expected(tmp_path, time.time())) == 1
    assert _expected(tmp_path, None) == []
    assert list(read_returning(tmp_path / "none")) == []


def test_nobody_is_expected_by_a_core_that_ended_over_the_last_list(tmp_path: Path) -> None:
    """ADR 66: a scribbled page of the policy store ends whoever reads it; once, not at every start."""
    target = tmp_path / "returning"
    asked = "sip:acme.example|<sip:101@198.51.100.7:5060;ob>|600"
    write_journal(
        tmp_path, registration(asked=asked), registration("102@acme.example", asked=asked.replace("101", "102"))
    )
    standing = load_newest(tmp_path / "guard", tmp_path / "journal")
    warmstart.write_expected(target, standing, time.time())
    assert next(read_returning(target)).facts[6] == "sip:101@acme.example"
    warmstart.write_expected(target, standing, time.time())
    assert list(read_returning(target)) == []
    warmstart.write_expected(target, standing, time.time())
    assert len(list(read_returning(target))) == 2


def test_versions_are_those_kamailio_asks_for(tmp_path: Path) -> None:
    write_journal(tmp_path)
    versions = {row["table_name"]: row["table_version"] for row in written(tmp_path)["version"]}
    assert versions == {"location": 9, "location_attrs": 1, "dialog": 7, "dialog_vars": 1, "htable": 2, "parked": 2}


def test_a_confirmed_call_comes_back_with_its_variables(tmp_path: Path) -> None:
    write_journal(tmp_path, call(), line("call.answered", call_id="c1"), confirmed())
    rows = written(tmp_path)
    assert [(row["hash_entry"], row["hash_id"], row["state"]) for row in rows["dialog"]] == [(3336, 215, 4)]
    assert [(row["dialog_key"], row["dialog_value"]) for row in rows["dialog_vars"]] == [("id", "c1")]


def test_ended_unanswered_and_overlong_calls_do_not(tmp_path: Path) -> None:
    ended = (call("c1"), confirmed("c1"), line("call.ended", call_id="c1"))
    overlong = (call("c3"), confirmed("c3", time.time() - 20_000))
    broken = (call("c4"), line("call.confirmed", call_id="c4", dialog={}, vars={}))
    write_journal(tmp_path, *ended, call("c2"), *overlong, *broken)
    assert written(tmp_path)["dialog"] == []


def test_a_snapshot_and_the_journal_behind_it_make_one_whole(tmp_path: Path) -> None:
    first = registration()
    write_journal(tmp_path, first, call("c1"))
    length = (tmp_path / "journal" / "events-0000000000.jsonl").stat().st_size
    (tmp_path / "guard").mkdir()
    snapshot = [registration("103@acme.example"), first, call("c1")]
    asyncio.run(write_snapshot(tmp_path / "guard", Checkpoint(0, length), snapshot, 1.0))
    write_journal(tmp_path, registration("102@acme.example"), line("call.ended", call_id="c1"))
    standing = load_newest(tmp_path / "guard", tmp_path / "journal")
    assert sorted(item["aor"].partition("@")[0] for item in standing.registrations.listing(time.time())) == [
        "101",
        "102",
        "103",
    ]
    assert len(standing.calls) == 0


def test_a_broken_snapshot_is_no_snapshot(tmp_path: Path) -> None:
    write_journal(tmp_path, registration())
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "standing.jsonl").write_bytes(b"\xff\xfe broken\n" + registration("103@acme.example"))
    assert len(load_newest(tmp_path / "guard", tmp_path / "journal").registrations) == 1


def test_a_parked_call_keeps_its_place(tmp_path: Path) -> None:
    """Somebody waits there with music; whoever dials `*71` still has to find them."""
    where = {"to": "park", "from": "102@acme.example", "payer": "101@acme.example", "heard_by": "IP4"}
    write_journal(tmp_path, call(), line("call.answered", call_id="c1"), confirmed(**where))
    [row] = written(tmp_path)["parked"]
    assert (row["key_name"], row["key_type"], row["value_type"]) == ("101@acme.example", 0, 0)
    assert row["key_value"] == "102@acme.example call1;to-tag=ft;from-tag=tt c1 IP4"
