"""Reference "Cloud Deployment Best Practices": the public address is what others are told, in SIP and in SDP."""

from dataclasses import replace
from ipaddress import ip_address

from ringfence.engines.kamailio import render_core
from ringfence.engines.rtpengine import faults, render_media
from ringfence.engines.supervision.children import base_environment
from tests.unit.engines.systems import a_system

PUBLIC = "203.0.113.9"


def test_without_one_nothing_is_advertised() -> None:
    assert "advertise" not in render_core(a_system())
    assert "!" not in render_media(a_system())


def test_it_stands_for_the_primary_address_alone() -> None:
    system = replace(a_system(), public=ip_address(PUBLIC))
    core, media = render_core(system), render_media(system)
    primary = system.network.primary
    told = [line for line in core.splitlines() if "advertise" in line]
    assert f'listen=udp:{primary}:5060 advertise {PUBLIC}:5060 name "udp:{primary}:5060"' in told
    assert len(told) == len(system.transports)
    assert '"mask_ip", ""' in core, "what is hidden stands under what its socket is told as"
    assert f"interface = {primary}!{PUBLIC}" in media
    assert media.count("!") == 1
    assert faults(media) == ""


def test_an_address_of_the_other_family_or_an_own_one_changes_nothing() -> None:
    for same in ("2001:db8::9", str(a_system().network.primary)):
        system = replace(a_system(), public=ip_address(same))
        assert "advertise" not in render_core(system)
        assert "!" not in render_media(system)


def test_every_part_is_told_it_unless_it_is_of_the_other_family() -> None:
    """The Contact of trunks is made of it."""
    for public, told in ((PUBLIC, PUBLIC), ("2001:db8::9", str(a_system().network.primary))):
        system = replace(a_system(), public=ip_address(public))
        assert base_environment(system, {})["RINGFENCE_OUTER_ADDRESS"] == told
