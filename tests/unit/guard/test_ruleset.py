"""The nftables text: the order of the chain, what is in the sets, and that nothing but our own table is named."""

import re
from dataclasses import replace

from ringfence.guard.ruleset import (
    KernelBan,
    Lists,
    Ports,
    Shape,
    removed_ban,
    renewed_ban,
    replaced_lists,
    whole_table,
)
from ringfence.policy.addresses import key_network, parse_network, spans
from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.settings import SecuritySettings

ENTRIES = (AddressEntry(1, "10.0.0.0/8", Target.BLOCK), AddressEntry(2, "10.1.0.0/16", Target.ALLOW))
LISTS = Lists(
    never_block=tuple(parse_network(text) for text in ("127.0.0.0/8", "127.0.0.1", "::1", "192.0.2.1")),
    block=spans(ENTRIES, Target.BLOCK, 0.0),
    allow=spans(ENTRIES, Target.ALLOW, 0.0),
)
SHAPE = Shape(Ports((5060,), (5061, 5063)), LISTS, SecuritySettings())


def chain(text: str, name: str) -> list[str]:
    body = re.search(rf"chain {name} \{{\n(.*?)\n  \}}", text, re.DOTALL)
    assert body is not None
    return [rule.strip() for rule in body[1].splitlines() if rule.strip()]


def test_never_block_comes_before_bans_bans_before_entries_entries_before_meters() -> None:
    rules = chain(whole_table(SHAPE, ()), "prerouting")
    names = re.findall(r"@(\w+)|jump (\w+)", "\n".join(rules))
    order = [one or other for one, other in names]
    assert order == [
        *("never4", "never6", "ban4", "ban6", "block4", "block6", "allow4", "allow6"),
        *("sip_rates", "sip_rates"),
    ]


def test_only_sip_ports_are_metered() -> None:
    rules = [rule for rule in chain(whole_table(SHAPE, ()), "prerouting") if "sip_rates" in rule]
    assert rules == ["udp dport { 5060 } jump sip_rates", "tcp dport { 5061, 5063 } jump sip_rates"]


def test_a_full_meter_is_not_an_open_door() -> None:
    last = chain(whole_table(SHAPE, ()), "sip_rates")[-2:]
    assert last == ["limit rate 2000/second burst 2000 packets return", "counter drop"]


def test_switched_off_levels_meter_nothing() -> None:
    off = replace(SHAPE, settings=replace(SecuritySettings(), level_1_enabled=False, level_2_enabled=False))
    assert "limit rate" not in whole_table(off, ())
    second = replace(SHAPE, settings=replace(SecuritySettings(), level_1_enabled=False))
    assert "{ ip saddr limit rate 2000/second burst 2000 packets } return" in whole_table(second, ())


def test_nested_members_become_one_and_spans_keep_the_longest_prefix() -> None:
    text = replaced_lists(LISTS)
    assert "add element inet ringfence never4 { 127.0.0.0/8, 192.0.2.1/32 }" in text
    assert "add element inet ringfence block4 { 10.0.0.0-10.0.255.255, 10.2.0.0-10.255.255.255 }" in text
    assert "add element inet ringfence allow4 { 10.1.0.0-10.1.255.255 }" in text


def test_every_command_names_our_table_and_none_flushes_the_ruleset() -> None:
    ban = KernelBan(key_network("192.0.2.9"), 60)
    texts = [whole_table(SHAPE, [ban]), replaced_lists(LISTS), renewed_ban(ban), removed_ban(ban.network)]
    for line in "\n".join(texts).splitlines():
        if line.startswith(("add", "delete", "flush", "table")):
            assert "inet ringfence" in line
    assert "flush ruleset" not in "\n".join(texts)


def test_a_ban_is_added_taken_away_and_added_so_that_its_time_is_renewed_on_every_kernel() -> None:
    assert renewed_ban(KernelBan(key_network("2001:db8::/64"), 59.9)).splitlines() == [
        "add element inet ringfence ban6 { 2001:db8:: }",
        "delete element inet ringfence ban6 { 2001:db8:: }",
        "add element inet ringfence ban6 { 2001:db8:: timeout 59900ms }",
    ]


def test_the_whole_table_is_replaced_in_one_text_with_its_bans() -> None:
    text = whole_table(
        SHAPE, [KernelBan(key_network("192.0.2.9"), 60), KernelBan(key_network("2001:db8::/64"), 0.0001)]
    )
    assert text.splitlines()[:3] == [
        "add table inet ringfence",
        "delete table inet ringfence",
        "table inet ringfence {",
    ]
    assert "add element inet ringfence ban4 { 192.0.2.9 timeout 60000ms }" in text
    assert "add element inet ringfence ban6 { 2001:db8:: timeout 1ms }" in text
