"""What is for a provider leaves over its own link (reference "Separate Voice and Data Traffic", ADR 62)."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ringfence.policy.trunking.trunks import Peer, Trunk, TrunkKind, TrunkTransport
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

TABLE = "=192.0.2.10,2001:db8::10 eth1=10.9.0.1,2001:db8:9::1"
PORTS = {("", "udp"): 5060, ("eth1", "udp"): 5070, ("eth1", "tls"): 5061}
TRUNK = Trunk(7, "Carrier", TrunkKind.ADDRESS, peers=(Peer("10.9.0.9", 5060),), link="eth1")
WORKER: Any = SimpleNamespace(contact_ports=PORTS)


@pytest.fixture
def facts() -> dict[str, Any]:
    return {"$shv(links)": TABLE, "$Ri": "192.0.2.10", "$fs": "udp:10.9.0.1:5070"}


@pytest.fixture
def core(facts: dict[str, Any]) -> Iterator[Kamailio]:
    with loaded() as kamailio:
        kamailio.answers = {"pv.get": facts.get, "pv.sets": 1, "corex.set_send_socket": 1, "uac.uac_req_send": 1}
        kamailio.answers |= {"pv.seti": 1, "textops.remove_hf": 1, "hdr.append": 1}
        yield kamailio


@pytest.mark.parametrize(
    ("trunk", "peer", "socket"),
    [
        (TRUNK, "10.9.0.9:5060", "udp:10.9.0.1:5070"),
        (TRUNK, "[2001:db8:9::9]:5060", "udp:[2001:db8:9::1]:5070"),
        (replace(TRUNK, link=""), "198.51.100.1:5060", "udp:192.0.2.10:5060"),
        (replace(TRUNK, transport=TrunkTransport.TCP), "10.9.0.9:5060", ""),
        (replace(TRUNK, link="eth7"), "10.9.0.9:5060", ""),
    ],
)
def test_it_leaves_from_the_socket_of_the_trunks_link_or_not_at_all(
    trunk: Trunk, peer: str, socket: str, core: Kamailio
) -> None:
    """Never over another link; and a trunk of the usual addresses not over the link that the caller came by."""
    from ringfence.signaling.trunking import links

    assert links.socket_of(trunk, peer, WORKER) == socket
    assert links.send_over(trunk, peer, WORKER) is bool(socket)
    assert core.arguments_of("corex.set_send_socket") == ([(socket,)] if socket else [])


def test_a_socket_that_the_core_does_not_have_is_no_way(core: Kamailio) -> None:
    from ringfence.signaling.trunking import links

    core.answers["corex.set_send_socket"] = -1
    assert not links.send_over(TRUNK, "10.9.0.9:5060", WORKER)


def test_without_links_nothing_is_chosen_and_the_relay_is_told_nothing(core: Kamailio, facts: dict[str, Any]) -> None:
    from ringfence.signaling.trunking import links

    facts["$shv(links)"] = None
    assert links.send_over(replace(TRUNK, link=""), "198.51.100.1:5060", WORKER)
    assert not links.send_over(TRUNK, "10.9.0.9:5060", WORKER), "its link is not there"
    assert (links.of_both_sides(), links.heard_on()) == ("", "")
    assert core.arguments_of("corex.set_send_socket") == []


@pytest.mark.parametrize(
    ("here", "leaves", "told"),
    [
        ("192.0.2.10", "udp:10.9.0.1:5070", "direction=default direction=link-eth1"),
        ("[2001:db8:9::1]", "udp:192.0.2.10:5060", "direction=link-eth1 direction=default"),
        ("127.0.0.1", "", "direction=default direction=default"),
    ],
)
def test_the_relay_is_told_the_links_of_both_sides(
    here: str, leaves: str, told: str, core: Kamailio, facts: dict[str, Any]
) -> None:
    from ringfence.signaling.trunking import links

    facts |= {"$Ri": here, "$fs": leaves}
    assert links.of_both_sides() == told


def test_a_request_of_our_own_leaves_from_the_link_under_a_name_without_an_address(core: Kamailio) -> None:
    """The engine would put the usual address into its Call-ID."""
    from ringfence.signaling.trunking import keeping

    assert keeping._sent("OPTIONS", TRUNK, "10.9.0.9:5060", "", "O|7|x|0", WORKER)
    sent = dict(core.arguments_of("pv.sets"))
    assert sent["$uac_req(sock)"] == "udp:10.9.0.1:5070"
    assert "@" not in sent["$uac_req(callid)"] and len(sent["$uac_req(callid)"]) == 32
    core.calls.clear()
    assert not keeping._sent("OPTIONS", replace(TRUNK, link="eth7"), "10.9.0.9:5060", "", "O|7|x|0", WORKER)
    assert core.arguments_of("uac.uac_req_send") == []


def test_an_address_that_is_reached_by_no_link_is_down_and_told_once(core: Kamailio) -> None:
    from ringfence.signaling.trunking import keeping

    kept: dict[str, str] = {}
    core.answers |= {
        "htable.sht_sets": lambda _, name, value: kept.update({name: value}),
        "htable.sht_get": lambda _, name: kept.get(name),
    }
    told: list[Any] = []
    worker: Any = SimpleNamespace(contact_ports=PORTS, journal=SimpleNamespace(append=lambda *all: told.append(all)))
    lost = replace(TRUNK, link="eth7")
    for _ in range(2):
        keeping._ask_if_due(lost, lost.peers[0], worker)
        keeping._asked.clear()
    assert [fields["detail"] for _, fields in told] == ["there is no way over the link eth7"]
    assert kept["7 10.9.0.9:5060"].startswith("down ")


@pytest.mark.parametrize(
    ("direction", "asker", "marked"), [("outbound", "theirs", True), ("outbound", "ours", False), ("", "theirs", False)]
)
def test_a_provider_is_answered_by_the_call_id_it_was_shown(
    direction: str, asker: str, marked: bool, core: Kamailio, facts: dict[str, Any]
) -> None:
    """The Call-ID of its request came back as the phone's own: it named the phone, and no dialog of the provider's."""
    from ringfence.signaling.calling import sides

    facts |= {"$dlg(from_tag)": "ours", "$ft": asker, "$dlg_var(direction)": direction}
    sides.name_call_as_outside()
    assert core.arguments_of("textops.remove_hf") == ([("TH",)] if marked else [])
    assert core.arguments_of("hdr.append") == ([("TH: dch\r\n",)] if marked else [])
