"""Reference "Separate Voice and Data Traffic": the engines' files follow the voice network."""

from dataclasses import replace
from ipaddress import ip_address

from ringfence.engines.edge.sbc import render_sbc, render_sbc_media
from ringfence.engines.kamailio import render_core
from ringfence.engines.rtpengine import faults, render_media
from ringfence.engines.system import System, placed_signalling
from ringfence.hosts.addresses import LOOPBACK, Link
from ringfence.hosts.sbc import Sbc
from ringfence.hosts.transports import Protocol, SipTransport
from ringfence.hosts.voice_network import VoiceNetwork
from tests.unit.engines.systems import a_system

VOICE = ip_address("10.9.0.1")


def on_two_links(voice: VoiceNetwork) -> System:
    system = a_system()
    links = (Link("eth0", (system.network.primary,)), Link("eth0.42", (VOICE,)))
    network = replace(system.network, own=(*system.network.own, VOICE), bindable=links)
    return replace(system, network=network, voice=voice)


def test_packets_are_marked_as_rfc_4594_has_it_unless_something_else_is_set() -> None:
    assert "\ntos=96\n" in render_core(a_system())
    assert "\ntos = 184\n" in render_media(a_system())
    other = VoiceNetwork(signalling_dscp=26, media_dscp=34)
    system = replace(on_two_links(other), sbc=Sbc(enabled=True))
    assert "\ntos=104\n" in render_core(system)
    assert "\ntos=104\n" in render_sbc(system, "key")
    for relay in (render_media(system), render_sbc_media(system)):
        assert "\ntos = 136\n" in relay
        assert faults(relay) == ""


def test_media_has_a_link_of_its_own_while_signalling_stays() -> None:
    system = on_two_links(VoiceNetwork(media_on="eth0.42"))
    assert f"\ninterface = {VOICE}\n" in render_media(system)
    assert str(VOICE) not in render_core(system)
    assert system.sip_addresses == a_system().sip_addresses


def test_a_link_that_is_gone_silences_nobody() -> None:
    system = on_two_links(VoiceNetwork(media_on="eth0.43"))
    assert f"\ninterface = {system.network.primary}\n" in render_media(system)


def test_signalling_is_bound_to_a_link_by_its_name_at_the_next_start() -> None:
    around, voice = on_two_links(VoiceNetwork()).network, VoiceNetwork(signalling_on="eth0.42")
    assert placed_signalling(around, voice, {}).primary == VOICE
    assert placed_signalling(around, voice, {"RINGFENCE_ADDRESS": "192.0.2.10"}) == around
    assert placed_signalling(around, VoiceNetwork(signalling_on="eth9"), {}) == around


def test_a_copy_of_sip_goes_to_our_own_process_alone() -> None:
    assert "siptrace" not in render_core(a_system())
    text = render_core(on_two_links(VoiceNetwork(capture_address="10.0.0.9", capture_id=77)))
    assert 'modparam("siptrace", "duplicate_uri", "sip:127.0.0.1:2226")' in text
    assert 'modparam("siptrace", "hep_capture_id", 77)' in text
    assert "10.0.0.9" not in text


def test_without_a_udp_transport_nothing_is_copied() -> None:
    system = on_two_links(VoiceNetwork(capture_address="10.0.0.9"))
    assert "siptrace" not in render_core(replace(system, transports=(SipTransport(Protocol.TLS, 5061),)))


def test_signalling_on_a_link_is_heard_at_no_other_links_address_of_either_family() -> None:
    """On a link with IPv4 alone there is no SIP over IPv6, whatever other links have."""
    system, voice = on_two_links(VoiceNetwork()), VoiceNetwork(signalling_on="eth0.42")
    system = replace(system, network=replace(system.network, own=(*system.network.own, ip_address("2001:db8::7"))))
    assert ip_address("2001:db8::7") in system.sip_addresses
    placed = replace(system, voice=voice, network=placed_signalling(system.network, voice, {}))
    assert placed.sip_addresses == (VOICE, LOOPBACK)
    assert "2001:db8::7" not in render_core(placed)
    assert replace(system, voice=voice).sip_addresses == system.sip_addresses, "not before the next start"
