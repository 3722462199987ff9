"""Reference "Separate Voice and Data Traffic": what can be set of the voice network, and what is refused."""

from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from ringfence.hosts.addresses import Link, Surroundings, bindable
from ringfence.hosts.voice_network import (
    VoiceNetwork,
    VoiceNetworkRefused,
    checked,
    from_plain,
    read_voice_network,
    write_voice_network,
)

OFFICE, VOICE, VOICE6 = ip_address("192.0.2.10"), ip_address("10.9.0.1"), ip_address("fd09::1")
AROUND = Surroundings(
    primary=OFFICE,
    own=(OFFICE, VOICE, VOICE6),
    gateways=(),
    resolvers=(),
    links=("eth0", "eth0.42", "idle"),
    bindable=(Link("eth0", (OFFICE,)), Link("eth0.42", (VOICE6, VOICE))),
)


def test_a_place_is_a_link_or_an_own_address_with_one_address_of_each_family() -> None:
    assert AROUND.placed("eth0.42") == (VOICE, VOICE6)
    assert AROUND.placed("10.9.0.1") == (VOICE, VOICE6)
    assert AROUND.placed("fd09::1") == (VOICE6, VOICE)
    assert AROUND.placed("eth0") == (OFFICE,)
    assert AROUND.placed("eth7") == AROUND.placed("192.0.2.99") == AROUND.placed("") == ()


def test_links_are_read_with_the_addresses_that_can_be_bound_to() -> None:
    links = [
        {"ifname": "lo", "flags": ["UP", "LOOPBACK"], "addr_info": [{"local": "127.0.0.1"}]},
        {"ifname": "eth0.42", "flags": ["UP"], "addr_info": [{"local": "10.9.0.1"}, {"local": "fe80::1"}]},
        {"ifname": "idle", "flags": ["UP"], "addr_info": []},
    ]
    assert bindable(links) == (Link("eth0.42", (VOICE,)),)


@pytest.mark.parametrize(
    ("values", "field", "rule"),
    [
        ({"signalling_dscp": 64}, "signalling_dscp", "voice_network.dscp"),
        ({"media_dscp": -1}, "media_dscp", "voice_network.dscp"),
        ({"media_on": "eth7"}, "media_on", "voice_network.place"),
        ({"signalling_on": "203.0.113.1"}, "signalling_on", "voice_network.place"),
        ({"voice_link": 'eth0" drop'}, "voice_link", "voice_network.link"),
        ({"voice_link": "eth0.42", "voice_link_packets": 20}, "voice_link_packets", "voice_network.rate"),
        ({"voice_link_packets": 1000}, "voice_link", "voice_network.link"),
        ({"capture_address": "203.0.113.5"}, "capture_address", "voice_network.capture"),
        ({"capture_address": "homer.example"}, "capture_address", "voice_network.capture"),
        ({"capture_port": 0}, "capture_port", "voice_network.port"),
        ({"capture_id": 0}, "capture_id", "voice_network.capture_id"),
        ({"media_dscp": True}, "media_dscp", "voice_network.kind"),
        ({"media_tos": 3}, "media_tos", "voice_network.kind"),
        ([], "", "voice_network.kind"),
    ],
)
def test_what_cannot_be_in_force_is_refused_with_its_field_and_rule(values: Any, field: str, rule: str) -> None:
    with pytest.raises(VoiceNetworkRefused) as refused:
        checked(from_plain(values), AROUND)
    assert (refused.value.field, refused.value.rule) == (field, rule)


def test_what_was_put_in_force_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "network.json"
    assert read_voice_network(file) == VoiceNetwork()
    wanted = checked(
        VoiceNetwork(media_on="eth0.42", voice_link="eth0.42", voice_link_packets=500, capture_address="fd00::9"),
        AROUND,
    )
    write_voice_network(file, wanted)
    assert read_voice_network(file) == wanted
    file.write_text('{"media_dscp": "loud"}')
    assert read_voice_network(file) == VoiceNetwork()
