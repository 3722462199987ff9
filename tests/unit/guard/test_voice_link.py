"""Reference "Separate Voice and Data Traffic": rate limiting on the voice VLAN."""

from pathlib import Path

from ringfence.guard.kernel.ruleset import whole_table
from ringfence.guard.kernel.shape import Ports, Shape, VoiceLink
from ringfence.guard.kernel.sipports import SipPorts, voice_link
from ringfence.hosts.paths import Paths
from ringfence.hosts.voice_network import VoiceNetwork, write_voice_network
from ringfence.policy.settings import SecuritySettings


def table(voice: VoiceLink | None) -> str:
    return whole_table(Shape(Ports((5060,), (5063,), voice=voice), (), SecuritySettings()), ())


def test_each_address_on_the_link_has_its_rate_and_members_of_the_never_block_set_have_none() -> None:
    text = table(VoiceLink("eth0.42", 500))
    rules = text[text.index("chain voice_link") :]
    assert 'iifname != "eth0.42" return' in rules
    assert rules.index("ip saddr @never4 return") < rules.index("limit rate over 500/second")
    assert "counter name dropped_voice_link drop" in rules


def test_without_a_limit_there_is_no_chain() -> None:
    assert "voice_link" not in table(None)


def test_a_name_that_no_link_can_have_reaches_no_rule() -> None:
    assert voice_link(VoiceNetwork(voice_link='eth0" accept', voice_link_packets=500)) is None
    assert voice_link(VoiceNetwork(voice_link="eth0.42")) is None
    assert voice_link(VoiceNetwork(voice_link="eth0.42", voice_link_packets=500)) == VoiceLink("eth0.42", 500)


def test_the_guard_follows_the_file(tmp_path: Path) -> None:
    paths = Paths(state=tmp_path)
    paths.voice_network.parent.mkdir()
    ports = SipPorts(paths)
    assert ports.now().voice is None
    write_voice_network(paths.voice_network, VoiceNetwork(voice_link="eth0.42", voice_link_packets=400))
    assert ports.now().voice == VoiceLink("eth0.42", 400)
