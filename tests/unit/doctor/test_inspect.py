"""What the inspector answers: facts that survive JSON, and nothing for a question it does not know."""

import json
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path

import pytest

from ringfence.doctor.facts import Host, Relay
from ringfence.doctor.inspect import addresses_gone, backup_at, inspect, relay_in_force
from ringfence.doctor.inspector import Inspector
from ringfence.engines.changing.questions import answered
from ringfence.engines.rtpengine import render_media
from ringfence.hosts.addresses import Link, Surroundings
from ringfence.hosts.firewall.active import CommandFailed, FrontEnd, front_end_by_files
from ringfence.hosts.firewall.drift import Kind, drift_of_records
from ringfence.hosts.firewall.openings import with_ssh
from ringfence.hosts.firewall.plan import Opening, Plan
from ringfence.hosts.paths import Paths
from ringfence.hosts.ports import Transport
from ringfence.hosts.transports import USUAL, Protocol, SipTransport, write_transports
from ringfence.hosts.voice_network import VoiceNetwork, write_voice_network
from ringfence.policy.plain import from_plain
from tests.unit.doctor.planted import HOST
from tests.unit.engines.systems import a_system

SSH = Opening("ssh-22", Transport.TCP, 22, 22, "administration over SSH", ("192.0.2.0/24",))
PORTAL = Opening("web-8887", Transport.TCP, 8887, 8887, "the portal")


def test_the_facts_survive_their_way_to_the_portal() -> None:
    assert from_plain(Host, json.loads(json.dumps(asdict(HOST)))) == HOST


def test_one_question_is_answered_and_no_plan_is_carried_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.doctor.inspector.inspect", lambda paths, plan: HOST)
    desk = Inspector(Paths(state=tmp_path, run=tmp_path))
    assert answered(desk, b'{"verb": "host.show"}')["data"]["now"] == HOST.now
    assert answered(desk, b'{"verb": "host.show", "args": {"plan": []}}')["ok"] is True
    for hostile in (b'{"verb": "host.fix"}', b'{"verb": "host.show", "args": {"plan": [{"key": 1}]}}', b"[]", b"\xff"):
        assert answered(desk, hostile)["ok"] is False


@pytest.mark.parametrize(
    ("text", "at"),
    [('{"at": 1800000000}', 1_800_000_000.0), ('{"at": "2027-01-15T08:00:00+00:00"}', 1_800_000_000.0),
     ('{"at": "2027-01-15T08:00:00"}', 1_800_000_000.0), ('{"at": "soon"}', None), ("{}", None), ("[", None)],
)  # fmt: skip
def test_the_time_of_a_backup_is_read(tmp_path: Path, text: str, at: float | None) -> None:
    note = tmp_path / "last.json"
    assert backup_at(note) is None
    note.write_text(text)
    assert backup_at(note) == at


def test_the_front_end_is_known_without_asking_it(tmp_path: Path) -> None:
    """Reference "Default Firewall Behavior": ufw that is off counts as none."""
    processes = tmp_path / "proc"
    (processes / "7").mkdir(parents=True)
    (processes / "7" / "comm").write_text("sshd\n")
    (tmp_path / "etc" / "ufw").mkdir(parents=True)
    (tmp_path / "etc" / "ufw" / "ufw.conf").write_text("ENABLED=no\n")
    assert front_end_by_files(tmp_path, processes) is FrontEnd.NFTABLES
    (tmp_path / "etc" / "ufw" / "ufw.conf").write_text("# x\nENABLED=yes\n")
    assert front_end_by_files(tmp_path, processes) is FrontEnd.UFW
    (processes / "7" / "comm").write_text("firewalld\n")
    assert front_end_by_files(tmp_path, processes) is FrontEnd.FIREWALLD


def test_records_alone_tell_that_a_plan_was_never_applied_or_changed() -> None:
    plan = Plan((SSH, PORTAL))
    assert drift_of_records(plan, plan) == ()
    assert [item.kind for item in drift_of_records(plan, Plan(()))] == [Kind.NOT_APPLIED]
    assert [item.kind for item in drift_of_records(plan, Plan((SSH,)))] == [Kind.PLAN_CHANGED]


def test_another_ssh_port_is_open_to_the_same_networks() -> None:
    moved = with_ssh(Plan((SSH, PORTAL)), (10210, 22))
    found = {opening.first: opening.sources for opening in moved.openings}
    assert found == {8887: (), 10210: SSH.sources, 22: SSH.sources}


def test_a_voice_network_without_its_links_and_marks_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reference "Network Security": what is set, and what this machine has."""
    office = ip_address("192.0.2.10")
    around = Surroundings(office, (office,), (), (), links=("eth0",), bindable=(Link("eth0", (office,)),))
    monkeypatch.setattr("ringfence.doctor.inspect.surroundings", lambda: around)
    paths = Paths(state=tmp_path)
    paths.voice_network.parent.mkdir()
    write_voice_network(paths.voice_network, VoiceNetwork(0, 46, "eth0", "eth0.42", "eth0.42", 500))
    write_transports(paths.transports, (*USUAL, SipTransport(Protocol.UDP, 5060, link="ngn0")))
    seen = inspect(paths, None, {})
    assert (seen.voice_links_gone, seen.unmarked) == (("eth0.42", "ngn0"), ("signalling",))


def test_an_address_that_calls_are_served_at_and_the_machine_has_lost_is_named(tmp_path: Path) -> None:
    """Whatever it is told outside, and whatever links media has beside it."""
    config = tmp_path / "rtpengine.conf"
    assert addresses_gone(config) == ()
    config.write_text(
        "[rtpengine]\ninterface = 127.0.0.1!203.0.113.1;198.51.100.7;2001:db8::7!2001:db8::8;ngn0/10.9.9.9\n"
    )
    assert addresses_gone(config) == ("198.51.100.7", "2001:db8::7")


def test_what_the_relay_runs_with_is_read_from_its_file_and_from_the_kernel(tmp_path: Path) -> None:
    """CVE-2025-53399: judged by what is in force, and what cannot be read is not."""
    config, asked = (
        tmp_path / "rtpengine.conf",
        "table inet ringfence { set watched { elements = { udp expires 9s } } }",
    )
    assert relay_in_force(config, lambda words, text: asked) == Relay("", False, True)
    config.write_text(render_media(a_system()))
    assert relay_in_force(config, lambda words, text: asked) == Relay("heuristic", True, True)
    assert not relay_in_force(config, lambda words, text: "set watched { type inet_proto }").strangers_out

    def silent(words: object, text: object) -> str:
        raise CommandFailed("nft: not permitted")

    assert relay_in_force(config, silent) == Relay("heuristic", True, False)
    config.write_text("[rtpengine]\nendpoint-learning = immediate\n")
    assert relay_in_force(config, silent) == Relay("immediate", False, False)
