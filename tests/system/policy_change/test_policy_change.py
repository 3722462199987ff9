"""Changes made over REST reach the running workers within a second (oracle: no process of the core changes)."""

import json
import time
from typing import Any

import pytest

from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, end_call, establish

pytestmark = pytest.mark.usefixtures("oracle")

OBEYED = 1.0


@pytest.fixture
def call(phone: Any) -> Any:
    """A call in progress that every change must leave alone."""
    caller, callee = phone("117"), phone("118")
    dialog, _ = establish(caller, callee)
    yield
    assert end_call(caller, callee, dialog).status == 200


def _status_of_register(pbx: Any, host: Any, account: Account) -> int:
    with Softphone(host, ("10.77.0.1", 5060), account) as one:
        return one.register().status


def test_a_new_secret_is_in_force_within_a_second(pbx: Any, call: Any, stranger: Any) -> None:
    """The new secret is accepted; the old one is refused."""
    old, host = pbx.account("113"), stranger()
    assert _status_of_register(pbx, host, old) == 200
    changed = pbx.rest.post(f"users/{pbx.users['113']['id']}/sip-secret")
    new = Account("113", old.domain, changed["sip_secret"])
    _, passed = within(OBEYED, lambda: _status_of_register(pbx, host, new) == 200, "the new secret works")
    assert _status_of_register(pbx, host, old) == 401
    pbx.accounts["113"] = new
    assert passed <= OBEYED


def test_a_phone_that_still_has_the_old_secret_is_no_attacker(pbx: Any, stranger: Any) -> None:
    """Its failures are journalled as a stale password and never count; any other wrong password does."""
    old, host = pbx.account("115"), stranger()
    assert _status_of_register(pbx, host, old) == 200
    changed = pbx.rest.post(f"users/{pbx.users['115']['id']}/sip-secret")
    pbx.accounts["115"] = Account("115", old.domain, changed["sip_secret"])
    within(OBEYED, lambda: _status_of_register(pbx, host, pbx.accounts["115"]) == 200, "the new secret works")
    assert _status_of_register(pbx, host, old) == 401
    within(2, lambda: _kinds_of_failure(pbx, "115")[-1:] == ["auth.stale_password"], "the old secret is recognised")
    assert _status_of_register(pbx, host, Account("115", old.domain, "never-a-secret")) == 401
    within(2, lambda: _kinds_of_failure(pbx, "115")[-1:] == ["auth.failed"], "a wrong password is told apart")


def _kinds_of_failure(pbx: Any, extension: str) -> list[str]:
    lines = [
        json.loads(line)
        for segment in sorted(pbx.product.paths.journal.glob("events-*"))
        for line in segment.read_text().splitlines()
        if '"auth.' in line
    ]
    return [event["kind"] for event in lines if event["account"].partition("@")[0] == extension]


def test_a_disabled_extension_is_out_within_a_second_and_back_when_enabled(pbx: Any, call: Any, stranger: Any) -> None:
    account, host = pbx.account("114"), stranger()
    assert _status_of_register(pbx, host, account) == 200
    path = f"users/{pbx.users['114']['id']}"
    pbx.rest.patch(path, active=False)
    within(OBEYED, lambda: _status_of_register(pbx, host, account) in (401, 403), "the disabled extension is refused")
    pbx.rest.patch(path, active=True)
    within(OBEYED, lambda: _status_of_register(pbx, host, account) == 200, "the enabled extension is served")


def test_a_new_extension_can_register_within_a_second(pbx: Any, call: Any, stranger: Any) -> None:
    number = f"7{int(time.time()) % 100000}"
    account, host = pbx.account(number), stranger()
    within(OBEYED, lambda: _status_of_register(pbx, host, account) == 200, "the new extension is served")


def test_a_block_entry_silences_an_address_within_a_second(pbx: Any, call: Any, stranger: Any) -> None:
    """Reference: "Whitelist and Blacklist"; traffic from blacklisted addresses is dropped."""
    host = stranger()
    with Softphone(host, ("10.77.0.1", 5060), pbx.account("115")) as one:
        uri = f"sip:{one.account.domain}"
        assert one.options().status == 200
        entry = pbx.rest.post("ip-filters", cidr=f"{host.address}/32", target="block", description="test")
        within(OBEYED, lambda: one.silent("OPTIONS", uri, one.headers("OPTIONS", uri), wait=0.2) is None, "blocked")
        pbx.rest.delete(f"ip-filters/{entry['id']}")
        within(
            OBEYED,
            lambda: one.silent("OPTIONS", uri, one.headers("OPTIONS", uri), wait=0.2) is not None,
            "served again",
        )


def test_a_block_entry_with_a_netmask_covers_a_range_but_never_the_system_itself(pbx: Any) -> None:
    """Reference: "Block an IP Range"; "ensure the range does not include the PBX server's own IP address"."""
    entry = pbx.rest.post(
        "ip-filters", address="41.202.0.0", netmask="255.255.0.0", target="block", description="Anti DoS"
    )
    assert entry["cidr"] == "41.202.0.0/16"
    pbx.rest.delete(f"ip-filters/{entry['id']}")
    status, body = pbx.rest.raw("POST", "ip-filters", {"cidr": "10.77.0.0/16", "target": "block", "description": "us"})
    assert 400 <= status < 500
    assert b"10.77.0.1" in body


def test_a_blocked_user_agent_gets_no_answer_within_a_second(pbx: Any, call: Any, stranger: Any) -> None:
    """Reference: "User-Agent Blacklist"."""
    with Softphone(stranger(), ("10.77.0.1", 5060), pbx.account("116")) as one:
        uri = f"sip:{one.account.domain}"

        def silent() -> bool:
            headers = [
                (name, "Evil-Dialer/1.0" if name == "User-Agent" else value)
                for name, value in one.headers("OPTIONS", uri)
            ]
            return one.silent("OPTIONS", uri, headers, wait=0.2) is None

        assert not silent()
        entry = pbx.rest.post("blocked-user-agents", pattern="evil-dialer", match="contains")
        within(OBEYED, silent, "the user agent is dropped")
        pbx.rest.delete(f"blocked-user-agents/{entry['id']}")


def test_a_nonsense_threshold_is_refused_with_the_field_and_the_reason(pbx: Any) -> None:
    """A level that can never be reached is refused."""
    status, body = pbx.rest.raw("PATCH", "settings/security", {"level_1_packets": 3000})
    assert 400 <= status < 500
    assert b"level_1_packets" in body
