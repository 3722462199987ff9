"""The nftables text: the order of the chain, what is in the sets, and that nothing but our own table is named."""

import re
from dataclasses import replace

from ringfence.guard.kernel.ruleset import (
    BANS_PRIORITY,
    LISTS_PRIORITY,
    RATES_PRIORITY,
    doorstep,
    replaced_members,
    replaced_rates,
    whole_table,
)
from ringfence.guard.kernel.shape import Level, Ports, Shape, Timed
from ringfence.policy.addresses import key_network, parse_network
from ringfence.policy.settings import SecuritySettings

MEMBERS = tuple(parse_network(text) for text in ("127.0.0.0/8", "127.0.0.1", "::1", "192.0.2.1"))
OPENING = "tcp flags & (fin | syn | rst | ack) == syn"
METERED = "update @connecting4 { ip saddr limit rate over 20/minute burst 10 packets }"
SHAPE = Shape(Ports((5060,), (5061, 5063)), MEMBERS, SecuritySettings())

FEW = "{ ip saddr limit rate over 12288 bytes/second burst 24576 bytes }"
VOLUME = "{ ip saddr limit rate over 128000 bytes/second burst 128000 bytes }"


def shared(packets: int) -> list[str]:
    limit = f"limit rate {packets}/second burst {packets} packets return"
    most = f"limit rate over {128 * packets} bytes/second burst {128 * packets} bytes"
    return [
        f"meta l4proto tcp {most} counter name dropped_unknown drop",
        f"meta l4proto udp {limit}",
        f"meta l4proto tcp {limit}",
        "counter name dropped_unknown drop",
    ]


def chain(text: str, name: str) -> list[str]:
    body = re.search(rf"chain {name} \{{\n(.*?)\n  \}}", text, re.DOTALL)
    assert body is not None
    return [rule.strip() for rule in body[1].splitlines() if rule.strip()]


def test_never_block_comes_before_bans_bans_before_lists_lists_before_rates() -> None:
    text = whole_table(SHAPE, ())
    assert re.findall(r"@(\w+)", "\n".join(chain(text, "prerouting"))) == [
        "never4",
        "never6",
        "ban4",
        "allowed6",
        "ban6",
        "ban4in6",
    ]
    assert re.findall(r"@(\w+)", "\n".join(chain(text, "sip"))) == ["never4", "never6"]
    assert BANS_PRIORITY < LISTS_PRIORITY < RATES_PRIORITY


def test_known_sources_obey_the_levels_and_skip_only_the_limit_they_would_share() -> None:
    rules = chain(whole_table(SHAPE, ()), "sip_rates")
    assert [rule for rule in rules if "nfproto ipv4" in rule or "ip saddr" in rule] == [
        "meta nfproto ipv4 update @rate_2_4 { ip saddr limit rate over 2000/second burst 2000 packets } goto over_2",
        "meta nfproto ipv4 update @rate_1_4 { ip saddr limit rate over 500/second burst 500 packets } goto over_1",
        f"meta nfproto ipv4 meta l4proto tcp ip saddr != @many4 update @few4 {FEW} counter name dropped_level_1 drop",
        f"meta nfproto ipv4 meta l4proto tcp update @volume4 {VOLUME} counter name dropped_level_1 drop",
        f"meta nfproto ipv4 {OPENING} ip saddr != @known4 {METERED} counter name dropped_connections drop",
        "ip saddr @known4 return",
    ]
    assert rules[-4:] == shared(500)


def test_connections_of_a_known_source_are_not_counted_and_the_limit_can_be_switched_off() -> None:
    """Attack case 43: the burst and what may follow within 30 seconds are the limit together."""
    forty = replace(SHAPE, settings=replace(SecuritySettings(), unknown_connections=40))
    assert "limit rate over 40/minute burst 20 packets" in whole_table(forty, ())
    off = replace(SHAPE, settings=replace(SecuritySettings(), unknown_connections_enabled=False))
    assert not [rule for rule in chain(whole_table(off, ()), "sip_rates") if "tcp flags" in rule]
    assert [rule for rule in chain(whole_table(SHAPE, ()), "translated_rates") if "ip6 saddr != @known4in6" in rule]


def test_a_peer_behind_nat64_is_the_address_it_carries() -> None:
    """RFC 6052: all peers of a translator share one /64, so they are metered one by one and banned as IPv4."""
    text = whole_table(SHAPE, [Timed(key_network("192.0.2.9"), 60)], [Timed(key_network("192.0.2.7"), 60)])
    assert "add element inet ringfence ban4in6 { 64:ff9b::192.0.2.9 timeout 60000ms }" in text
    assert "add element inet ringfence known4in6 { 64:ff9b::192.0.2.7 timeout 60000ms }" in text
    assert chain(text, "sip")[-2:] == [
        "ip6 saddr { 64:ff9b::/96, 64:ff9b:1::/48 } goto translated_rates",
        "goto sip_rates",
    ]
    rules = chain(text, "translated_rates")
    over = "limit rate over 500/second burst 500 packets"
    assert f"meta nfproto ipv6 update @rate_1_6 {{ ip6 saddr {over} }} goto over_1_translated" in rules
    assert "ip6 saddr @known4in6 return" in rules


def test_who_speaks_for_many_may_send_more_over_tcp() -> None:
    """Attack case 43: an office, a gateway; also behind NAT64 and at the SBC's ports, and never more than level 1."""
    office, phone = Timed(key_network("192.0.2.7"), 60, many=True), Timed(key_network("192.0.2.8"), 60)
    text = whole_table(replace(SHAPE, ports=Ports((), (), (5066,), (5067,))), (), iter([office, phone]))
    for name, one in (("many4", "192.0.2.7"), ("many4in6", "64:ff9b::192.0.2.7")):
        assert f"add element inet ringfence {name} {{ {one} timeout 60000ms }}" in text
    assert text.count("192.0.2.8 timeout") == 2
    assert [rule for rule in chain(text, "translated_rates") if "ip6 saddr != @many4in6 update @few6" in rule]
    assert [rule for rule in chain(text, "sbc_sip_rates") if "!= @many4 update @sbc_few4" in rule]
    fast = replace(SHAPE, settings=replace(SecuritySettings(), level_1_packets=1_000, level_2_packets=4_000))
    assert "over 24000 bytes/second burst 48000 bytes } counter name dropped_level_1" in whole_table(fast, ())
    slow = replace(SHAPE, settings=replace(SecuritySettings(), level_1_packets=20))
    assert "over 5120 bytes/second burst 10240 bytes } counter name dropped_level_1" in whole_table(slow, ())
    assert not [rule for rule in chain(whole_table(slow, ()), "sip_rates") if "12288" in rule]


def test_only_sip_ports_are_metered() -> None:
    assert chain(whole_table(SHAPE, ()), "rates")[3:] == [
        "udp dport { 5060 } goto sip",
        "tcp dport { 5061, 5063 } goto sip",
    ]


def test_the_excess_is_dropped_whether_or_not_the_guard_can_be_told() -> None:
    for level in Level:
        assert chain(whole_table(SHAPE, ()), f"over_{level}")[-1] == f"counter name dropped_level_{level} drop"


def test_a_full_meter_is_not_an_open_door_without_the_shared_limit_either() -> None:
    off = replace(SHAPE, settings=replace(SecuritySettings(), unknown_sources_enabled=False))
    rules = chain(whole_table(off, ()), "sip_rates")
    assert "ip saddr @known4 return" not in rules
    assert rules[-5] == ("meta nfproto ipv6 update @seen6 { ip6 saddr & ffff:ffff:ffff:ffff:: } return")
    assert rules[-4:] == shared(2000)


def test_what_is_switched_off_is_not_in_the_kernel() -> None:
    nothing = replace(
        SecuritySettings(),
        level_1_enabled=False,
        level_2_enabled=False,
        unknown_sources_enabled=False,
        unknown_connections_enabled=False,
    )
    assert "limit rate" not in whole_table(replace(SHAPE, settings=nothing), ())
    second = whole_table(replace(SHAPE, settings=replace(SecuritySettings(), level_1_enabled=False)), ())
    assert "limit rate over 2000/second" in second
    assert "limit rate over 500/second" not in second


def test_a_member_of_the_never_block_set_may_use_the_highest_rate() -> None:
    assert "over 2000/second" in chain(whole_table(SHAPE, ()), "never_rates")[0]
    first = replace(SHAPE, settings=replace(SecuritySettings(), level_2_enabled=False))
    assert "over 500/second" in chain(whole_table(first, ()), "never_rates")[0]


def test_nested_members_become_one() -> None:
    text = replaced_members(MEMBERS)
    assert "add element inet ringfence never4 { 127.0.0.0/8, 192.0.2.1/32 }" in text


def test_whom_the_lists_allow_has_no_rate_and_nobody_brings_the_mark_along() -> None:
    """ADR 12: the mark is cleared before the lists and behind them."""
    text = whole_table(SHAPE, ())
    assert chain(text, "prerouting")[2] == "meta mark set meta mark & 0xefffffff"
    assert chain(text, "rates")[2] == "meta mark & 0x10000000 != 0 meta mark set meta mark & 0xefffffff return"


def test_no_members_are_no_elements() -> None:
    assert replaced_members(()).splitlines() == ["flush set inet ringfence never4", "flush set inet ringfence never6"]


def test_every_command_names_our_table_and_none_flushes_the_ruleset() -> None:
    ban = Timed(key_network("192.0.2.9"), 60)
    texts = [
        whole_table(SHAPE, [ban]),
        replaced_members(MEMBERS),
        replaced_rates(SHAPE),
    ]
    for line in "\n".join(texts).splitlines():
        if line.startswith(("add", "delete", "flush", "table")):
            assert "inet ringfence" in line
    assert "flush ruleset" not in "\n".join(texts)


def test_the_whole_table_is_replaced_in_one_text_with_its_bans() -> None:
    text = whole_table(SHAPE, [Timed(key_network("192.0.2.9"), 60), Timed(key_network("2001:db8::/64"), 0.0001)])
    assert text.splitlines()[:3] == [
        "add table inet ringfence",
        "delete table inet ringfence",
        "table inet ringfence {",
    ]
    assert "add element inet ringfence ban4 { 192.0.2.9 timeout 60000ms }" in text
    assert "add element inet ringfence ban6 { 2001:db8:: timeout 1ms }" in text


def test_the_doorstep_drops_banned_sources_of_both_versions_on_named_links() -> None:
    """ADR 12: the same sets as `prerouting`, asked earlier; nothing else is dropped there."""
    rules = chain(doorstep(["eth0", "wg0"]), "doorstep")
    assert rules[0] == 'type filter hook ingress devices = { "eth0", "wg0" } priority -300; policy accept;'
    assert [rule.split(" counter")[0] for rule in rules[1:]] == [
        "ip saddr @ban4",
        "ip6 saddr @allowed6 return",
        "ip6 saddr & ffff:ffff:ffff:ffff:: @ban6",
        "ip6 saddr @ban4in6",
    ]


def test_the_sbcs_ports_have_rates_of_their_own() -> None:
    """Issue 6: own rate levels of the SBC, in meters of their own; bans and exemptions are everybody's."""
    ports = Ports((5060,), (5061,), (5066,), (5065, 5067))
    settings = SecuritySettings(sbc_level_1_packets=70, sbc_level_2_packets=90)
    text = whole_table(Shape(ports, MEMBERS, settings), [])
    assert "udp dport { 5066 } goto sbc" in text and "tcp dport { 5065, 5067 } goto sbc" in text
    assert "udp dport { 5060 } goto sip" in text
    own = text.split("chain sbc_sip_rates {")[1].split("}\n  chain")[0]
    assert "@sbc_rate_1_4 { ip saddr limit rate over 70/second" in own
    assert "@sbc_rate_2_4 { ip saddr limit rate over 90/second" in own
    assert "500/second burst 500 packets } goto" not in own
