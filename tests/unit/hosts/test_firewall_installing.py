"""What an installation does about the firewall by itself (reference "Default Firewall Behavior After Installation")."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.hosts.firewall import nftables
from ringfence.hosts.firewall.active import FrontEnd
from ringfence.hosts.firewall.apply import NOTHING
from ringfence.hosts.firewall.installing import Host, Step, at_start, first_time, is_orphaned, logins, proved
from ringfence.hosts.firewall.plan import Opening, Plan
from ringfence.hosts.listening import Connection, connections_in
from ringfence.hosts.ports import Transport

SSH = Opening("ssh-22", Transport.TCP, 22, 22, "administration", ("192.0.2.0/24", "2001:db8::/32"))
PORTAL = Opening("web-8887", Transport.TCP, 8887, 8887, "the portal")
PLAN = Plan((SSH, PORTAL))
FRESH = Host(FrontEnd.NFTABLES, NOTHING, False, False, (), (), frozenset({22, 8887}))
LOGIN = Connection(22, "192.0.2.9", 50_000)


def test_where_a_front_end_is_at_work_the_plan_only_opens_and_stays() -> None:
    for which in (FrontEnd.FIREWALLD, FrontEnd.UFW):
        assert first_time(replace(FRESH, which=which, connections=(LOGIN,)), PLAN) == (Step.OPEN, "")


def test_an_open_host_is_closed_for_good_where_nobody_could_be_locked_out() -> None:
    assert first_time(FRESH, PLAN) == (Step.CLOSE, "")
    assert first_time(replace(FRESH, connections=(Connection(8887, "198.51.100.7", 1),)), PLAN) == (Step.CLOSE, "")


def test_a_login_in_use_has_to_prove_that_it_can_come_back() -> None:
    assert first_time(replace(FRESH, connections=(LOGIN,)), PLAN) == (Step.CLOSE_ON_PROOF, "")
    assert first_time(replace(FRESH, bound=frozenset({8887})), PLAN)[0] is Step.CLOSE_ON_PROOF, "SSH may be elsewhere"


def test_what_is_in_use_and_not_planned_is_never_closed() -> None:
    """The SSH login in use above all: from a network that the plan does not let in, or at a port it lacks."""
    for one in (Connection(22, "203.0.113.5", 1), Connection(2222, "192.0.2.9", 1), Connection(443, "2001:db8::1", 1)):
        step, why = first_time(replace(FRESH, connections=(one,)), PLAN)
        assert step is Step.LEAVE
        assert f"{one.port}/tcp from {one.source}" in why


def test_rules_of_others_that_close_the_host_are_left_alone() -> None:
    step, why = first_time(replace(FRESH, others=("inet filter",)), PLAN)
    assert step is Step.LEAVE
    assert "inet filter" in why


def test_it_is_done_once_and_never_where_somebody_switched_the_firewall_off() -> None:
    for host in (replace(FRESH, applied=PLAN), replace(FRESH, disabled=True)):
        assert first_time(host, PLAN)[0] is Step.NOTHING


def test_a_table_that_the_restart_of_the_machine_took_is_put_back() -> None:
    assert at_start(replace(FRESH, applied=PLAN)) is Step.RESTORE
    assert at_start(replace(FRESH, applied=PLAN, stands=True)) is Step.NOTHING
    assert at_start(replace(FRESH, applied=PLAN, disabled=True)) is Step.NOTHING
    assert at_start(replace(FRESH, applied=PLAN, which=FrontEnd.UFW)) is Step.NOTHING, "it keeps its rules itself"
    assert at_start(FRESH) is Step.NOTHING


def test_a_plan_that_nobody_confirmed_is_orphaned_by_a_restart_or_when_it_is_late() -> None:
    assert is_orphaned(FRESH, reverts_at=100.0, now=50.0)
    assert not is_orphaned(replace(FRESH, stands=True), reverts_at=100.0, now=101.0)
    assert is_orphaned(replace(FRESH, stands=True), reverts_at=100.0, now=106.0)
    assert not is_orphaned(replace(FRESH, which=FrontEnd.UFW), reverts_at=100.0, now=50.0)


def test_a_plan_of_a_clock_that_was_ahead_is_orphaned_too() -> None:
    """Attack case 122: it would be taken back a year late."""
    assert is_orphaned(replace(FRESH, which=FrontEnd.UFW), reverts_at=31_536_000.0, now=50.0)


def test_only_a_new_login_from_where_somebody_was_signed_in_is_a_proof() -> None:
    before = logins(PLAN, (LOGIN, Connection(8887, "192.0.2.9", 7)))
    assert before == {LOGIN}
    assert not proved(before, before)
    assert not proved(before, before | {Connection(22, "192.0.2.77", 1)}), "a stranger's"
    assert proved(before, before | {replace(LOGIN, source_port=50_001)})
    assert not proved(frozenset(), frozenset({LOGIN}))


def test_tables_of_others_that_drop_by_themselves_are_named() -> None:
    chains = [
        {"family": "inet", "table": "filter", "name": "input", "hook": "input", "policy": "drop"},
        {"family": "ip", "table": "nat", "name": "pre", "hook": "prerouting", "policy": "accept"},
        {"family": "ip", "table": "open", "name": "input", "hook": "input", "policy": "accept"},
        {"family": "inet", "table": "ringfence_host", "name": "input", "hook": "input", "policy": "drop"},
        {"family": "inet", "table": "filter", "name": "mine"},
    ]
    listing = json.dumps({"nftables": [{"metainfo": {}}, *({"chain": one} for one in chains)]})
    assert nftables.closing_tables(listing) == ("inet filter",)


@pytest.mark.skipif(sys.byteorder != "little", reason="the tables below are those of a little-endian kernel")
def test_connections_are_those_that_others_opened_to_a_listening_port(tmp_path: Path) -> None:
    head = "  sl  local_address rem_address   st\n"
    rows = (
        "0: 00000000:0016 00000000:0000 0A",
        "1: 010200C0:0016 090200C0:C350 01",
        "2: 010200C0:C351 090200C0:0050 01",
        "3: 0100007F:0016 0100007F:C352 01",
        "4: 010200C0:0016 090200C0:C353 06",
    )
    (tmp_path / "tcp").write_text(head + "\n".join(rows) + "\n", encoding="ascii")
    mapped = "0000000000000000FFFF0000010200C0:0016 0000000000000000FFFF0000070200C0:0001 01"
    (tmp_path / "tcp6").write_text(f"{head}0: {mapped}\n", encoding="ascii")
    assert connections_in(tmp_path) == (Connection(22, "192.0.2.9", 50_000), Connection(22, "192.0.2.7", 1))
