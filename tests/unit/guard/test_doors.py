"""Bans of other doors than SIP: listed and lifted like any ban, never in the kernel, and they survive a restart."""

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.guard.clock import Moment, moment
from ringfence.guard.control import Refusal
from ringfence.guard.ledger import Ledger
from ringfence.guard.service import Service
from ringfence.policy.addresses import key_network
from ringfence.policy.book import AddressEntry, Book, Target
from ringfence.policy.scope import Scope

from .workshop import OFFICE, SOURCE, SmallKernel, desk, failure, guard, kinds, publish, registration


def asked(service: Service, verb: str, **args: Any) -> Any:
    return asyncio.run(desk(service).verbs()[verb](args))  # type: ignore[arg-type]


def close_web(service: Service, seconds: int = 60) -> Any:
    return asked(
        service,
        "bans.add",
        address=SOURCE,
        seconds=seconds,
        scope="web",
        rule="weblogin.failures",
        reason="6 failed portal logins",
        by="portal",
        evidence={"count": 6, "accounts": ["admin"]},
    )


def test_a_failed_portal_login_never_silences_a_phone(tmp_path: Path) -> None:
    kernel = SmallKernel()
    service = guard(tmp_path, kernel)
    ban = close_web(service)
    assert (ban["scope"], ban["in_kernel"], ban["evidence"]["count"]) == ("web", False, 6)
    assert not kernel.holds(key_network(SOURCE))
    assert SOURCE not in service.parts.bans
    assert [item["scope"] for item in asked(service, "bans.list")] == ["web"]
    assert asked(service, "bans.at-door", address=SOURCE)["banned"]
    assert not asked(service, "bans.at-door", address=SOURCE, scope="provisioning")["banned"]
    explained = asked(service, "bans.explain", address=SOURCE)
    assert not explained["banned"]
    assert [door["rule"] for door in explained["doors"]] == ["weblogin.failures"]


def test_one_scope_is_lifted_or_all_of_them(tmp_path: Path) -> None:
    kernel = SmallKernel()
    service = guard(tmp_path, kernel)
    close_web(service)
    asked(service, "bans.add", address=SOURCE, seconds=60)
    assert asked(service, "bans.lift", address=SOURCE, scope="web")["scopes"] == ["web"]
    assert kernel.holds(key_network(SOURCE))
    assert asked(service, "bans.at-door", address=SOURCE)["ended"] is not None
    close_web(service)
    assert asked(service, "bans.lift", address=SOURCE)["scopes"] == ["sip", "web"]
    assert asked(service, "bans.list") == []
    assert kinds(service).count("ban.lifted") == 3


def test_an_allow_entry_opens_provisioning_and_leaves_the_portals_door_to_be_lifted(tmp_path: Path) -> None:
    """Reference: "Login Security Controls" is not "Anti-Hacking": the portal counts wrong passwords of an allowed
    address, and an hour that nobody can see nobody can end.
    """
    publish(tmp_path, Book())
    service = guard(tmp_path)
    asked(service, "bans.add", address=SOURCE, seconds=60, scope="provisioning")
    publish(tmp_path, Book(address_entries=(AddressEntry(1, "192.0.2.0/24", Target.ALLOW),)))
    assert service.obey()
    assert asked(service, "bans.list") == []
    with pytest.raises(Refusal, match="allow entry"):
        asked(service, "bans.add", address=SOURCE, seconds=60, scope="provisioning")
    assert close_web(service)["scope"] == "web"
    service.obey()
    assert [item["scope"] for item in asked(service, "bans.list")] == ["web"]
    assert asked(service, "bans.lift", address=SOURCE)["scopes"] == ["web"]
    assert asked(service, "bans.at-door", address=SOURCE)["ended"] is not None


def test_a_closed_door_opens_by_itself_and_survives_a_killed_guard(tmp_path: Path) -> None:
    close_web(guard(tmp_path), seconds=60)
    second = guard(tmp_path)
    record = second.parts.doors.get(SOURCE, Scope.WEB)
    assert record is not None
    assert record.boot_until - moment().boot == pytest.approx(60, abs=2)
    now = moment()
    second.parts.doors.expire(Moment(now.wall + 61, now.boot + 61))
    assert second.parts.doors.listing() == []


def test_a_ledger_from_before_scopes_keeps_its_bans(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "ledger.db")
    old.executescript(
        "CREATE TABLE ban (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, rule TEXT NOT NULL,"
        " reason TEXT NOT NULL, by TEXT NOT NULL, since REAL NOT NULL, until REAL NOT NULL, boot_id TEXT NOT NULL,"
        " boot_until REAL NOT NULL, evidence TEXT NOT NULL, ended REAL, ended_by TEXT NOT NULL DEFAULT '',"
        " ended_why TEXT NOT NULL DEFAULT '');"
        "CREATE UNIQUE INDEX ban_live ON ban (key) WHERE ended IS NULL;"
        "INSERT INTO ban (key, rule, reason, by, since, until, boot_id, boot_until, evidence)"
        " VALUES ('192.0.2.66', 'r', '', 'guard', 1, 2, 'b', 3, '{}');"
    )
    old.close()
    for _ in range(2):
        ledger = Ledger(tmp_path / "ledger.db")
        assert [(ban.key, ban.scope) for ban in ledger.live_bans()] == [("192.0.2.66", Scope.SIP)]
        ledger.close()


def test_a_ban_of_another_door_that_runs_out_while_no_guard_runs_is_told_of_once(tmp_path: Path) -> None:
    """Who hears of a ban on the event socket hears of its end too (docs/wsi.md)."""
    first = guard(tmp_path)
    close_web(first, seconds=1)
    first.commit()
    time.sleep(1.05)
    assert kinds(guard(tmp_path)) == ["ban.added", "ban.expired"]
    assert kinds(guard(tmp_path)) == ["ban.added", "ban.expired"]


def test_an_explanation_tells_what_was_spared_and_why(tmp_path: Path) -> None:
    """DESIGN: keeps customers in, and shows why. Whose account is slowed asks why his phone does not come in."""
    service = guard(tmp_path)
    service.parts.intake.take([registration(), *(failure(OFFICE, "102@acme.example") for _ in range(120))], moment())
    service.commit()
    explained = asked(service, "bans.explain", address=OFFICE)
    assert not explained["banned"]
    assert [(one["why"], one["evidence"]["accounts"]) for one in explained["spared"]] == [
        ("office.healthy", ["102@acme.example"])
    ]
    assert asked(service, "bans.explain", address=SOURCE)["spared"] == []
