"""Too many failed sign-ins become a ban of scope web (reference: "Login Security Controls"), lifted like any other."""

import io
import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.unit.portal.rest import PASSWORD, Rest, Site

WRONG = {"username": "admin", "password": "wrong-Horse7"}
RIGHT = {"username": "admin", "password": PASSWORD}


@pytest.fixture
def attacker(site: Site) -> Rest:
    """An address that has just failed once too often."""
    site.admin.call("PATCH", "settings/security", {"web_failed_login_limit": 2})
    caller = Rest(address="198.51.100.7")
    assert [caller.call("POST", "auth/token", WRONG)[0] for _ in range(3)] == [401, 401, 429]
    return caller


def bans(site: Site) -> list[dict[str, Any]]:
    return [args for verb, args in site.guard.asked if verb == "bans.add"]


def test_the_guard_is_told_with_the_evidence_and_never_about_sip(site: Site, attacker: Rest) -> None:
    assert attacker.refusal("POST", "auth/token", RIGHT)["status"] == 429
    told = bans(site)[0]
    assert (told["address"], told["scope"], told["seconds"]) == ("198.51.100.7", "web", 3600)
    assert told["rule"] == "weblogin.failures"
    assert "3 failed portal logins (more than 2 are not allowed)" in told["reason"]
    assert told["evidence"]["accounts"] == ["admin"]


def test_what_the_guard_has_closed_stays_closed_however_few_failures(site: Site) -> None:
    site.guard.answers["bans.at-door"] = {"banned": True, "ended": None}
    assert Rest().refusal("POST", "auth/token", RIGHT)["status"] == 429


def test_a_lifted_ban_opens_the_portal_at_once(site: Site, attacker: Rest) -> None:
    site.guard.answers["bans.at-door"] = {"banned": False, "ended": time.time() + 1}
    assert attacker.call("POST", "auth/token", RIGHT)[0] == 201


def test_an_older_ban_that_ended_opens_nothing(site: Site, attacker: Rest) -> None:
    site.guard.answers["bans.at-door"] = {"banned": False, "ended": time.time() - 60}
    assert attacker.refusal("POST", "auth/token", RIGHT)["status"] == 429


def test_a_silent_or_refusing_guard_opens_nothing(site: Site, attacker: Rest) -> None:
    site.guard.errors["bans.add"] = ("bans.never_block", "address", "covers the gateway")
    assert attacker.refusal("POST", "auth/token", RIGHT)["status"] == 429
    site.guard.stop()
    assert attacker.refusal("POST", "auth/token", RIGHT)["status"] == 429


def test_the_servers_shell_unlocks_an_address_that_is_never_banned(site: Site, attacker: Rest) -> None:
    """An administrator's own office: the guard lists no ban, so there is none to lift, and the count alone refuses."""
    site.guard.errors["bans.add"] = ("bans.never_block", "address", "covers the address of an acting administrator")
    assert attacker.refusal("POST", "auth/token", RIGHT)["status"] == 429
    said = io.StringIO()
    call_command("signin", "unlock", "198.51.100.7", stdout=said)
    assert said.getvalue().startswith("3 failed sign-ins from 198.51.100.7")
    assert attacker.call("POST", "auth/token", RIGHT)[0] == 201
    call_command("signin", "unlock", "198.51.100.7", stdout=said)
    assert "Nothing is counted" in said.getvalue()
    with pytest.raises(CommandError, match="0 to 255"):
        call_command("signin", "unlock", "300.1.1.1")


def test_a_switched_off_protection_counts_nobody_out(site: Site) -> None:
    site.admin.call("PATCH", "settings/security", {"web_failed_login_limit": 2, "web_login_enabled": False})
    caller = Rest(address="198.51.100.8")
    assert {caller.call("POST", "auth/token", WRONG)[0] for _ in range(6)} == {401}
    assert caller.call("POST", "auth/token", RIGHT)[0] == 201


def test_the_addresses_of_one_ipv6_network_share_a_count(site: Site) -> None:
    """Attack case 57: whoever has one address of a /64 has 2^64, and had as many tries."""
    site.admin.call("PATCH", "settings/security", {"web_failed_login_limit": 2})
    callers = [Rest(address=f"2001:db8:7::{number:x}") for number in range(1, 5)]
    assert [caller.call("POST", "auth/token", WRONG)[0] for caller in callers] == [401, 401, 429, 429]
    assert bans(site)[0]["address"] == "2001:db8:7::"
    assert Rest(address="2001:db8:8::1").call("POST", "auth/token", WRONG)[0] == 401


def test_the_address_behind_nat64_is_the_one_it_carries(site: Site) -> None:
    """Issue 3, point 3."""
    site.admin.call("PATCH", "settings/security", {"web_failed_login_limit": 2})
    carried = [Rest(address=f"64:ff9b::198.51.100.{number}") for number in (7, 8, 9, 10)]
    assert [caller.call("POST", "auth/token", WRONG)[0] for caller in carried] == [401] * 4


def test_a_sign_in_forgets_only_what_its_own_account_failed_at(site: Site) -> None:
    """Reference "Login Security Controls": from another address of the same /64 too."""
    site.admin.call("PATCH", "settings/security", {"web_failed_login_limit": 2})
    one, other = Rest(address="2001:db8:7::1"), Rest(address="2001:db8:7::2")
    assert [one.call("POST", "auth/token", WRONG)[0] for _ in range(2)] == [401, 401]
    assert other.call("POST", "auth/token", RIGHT)[0] == 201
    assert [one.call("POST", "auth/token", WRONG)[0] for _ in range(2)] == [401, 401]
