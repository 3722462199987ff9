"""Single elements in the kernel's sets: the messages of a ban, of a known source, of who may send media (issue 3)."""

from collections.abc import Iterator
from ipaddress import ip_network

from ringfence.guard.kernel import netlink, setchanges
from ringfence.guard.kernel.elements import (
    DELETE_ELEMENT,
    KEY,
    LIST_ELEMENTS,
    LIST_SET,
    LIST_TABLE,
    NEW_ELEMENT,
    TIMEOUT,
)
from ringfence.guard.kernel.elements import VALUE as DATA
from ringfence.guard.kernel.pinholes import Holes
from ringfence.guard.kernel.setchanges import BANS, KNOWN
from ringfence.guard.kernel.shape import Timed
from ringfence.policy.addresses import key_network

FOUR, SIX = key_network("192.0.2.9"), key_network("2001:db8::/64")
ADD, DELETE = "add", "delete"
VERBS = {NEW_ELEMENT: ADD, DELETE_ELEMENT: DELETE}


def told(messages: bytes) -> Iterator[tuple[str, str, str, int]]:
    """Verb, set, key in hex and milliseconds of each element; a flush has no key."""
    for kind, body in netlink.split(messages):
        found = dict(netlink.attributes(body[4:]))
        assert found[LIST_TABLE] == b"ringfence\0"
        verb, name = VERBS[kind & 0xFF], found[LIST_SET].rstrip(b"\0").decode()
        for _, item in netlink.attributes(found.get(LIST_ELEMENTS, b"")):
            parts = dict(netlink.attributes(item))
            key = dict(netlink.attributes(parts[KEY]))[DATA]
            yield verb, name, key.hex(), int.from_bytes(parts.get(TIMEOUT, b""), "big")
        if LIST_ELEMENTS not in found:
            yield verb, name, "", 0


def test_a_ban_is_added_taken_away_and_added_so_that_its_time_is_renewed_on_every_kernel() -> None:
    key = SIX.network_address.packed.hex()
    assert list(told(setchanges.renewed(BANS, [Timed(SIX, 59.9)]))) == [
        (ADD, "ban6", key, 0),
        (DELETE, "ban6", key, 0),
        (ADD, "ban6", key, 59_900),
    ]


def test_an_ipv4_source_stands_in_both_sets_as_it_may_come_through_nat64() -> None:
    found = [one for one in told(setchanges.renewed(KNOWN, [Timed(FOUR, 0.0001)])) if one[3]]
    assert found == [(ADD, "known4", "c0000209", 1), (ADD, "known4in6", "0064ff9b" + "00" * 8 + "c0000209", 1)]


def test_a_removal_asks_not_whether_the_element_is_there_but_in_a_full_set_it_must() -> None:
    assert [one[0] for one in told(setchanges.removed(BANS, SIX))] == [ADD, DELETE]
    assert [one[0] for one in told(setchanges.deleted(BANS, SIX))] == [DELETE]


def test_who_may_send_media_is_replaced_in_one_piece_and_the_watch_prolonged() -> None:
    holes = Holes(frozenset({ip_network("192.0.2.1"), ip_network("2001:db8::1")}), frozenset({46000}))
    found = list(told(setchanges.opened(holes)))
    assert found[:3] == [(DELETE, name, "", 0) for name in ("media4", "media6", "media_ports")]
    assert (ADD, "media4", "c0000201", 0) in found
    assert (ADD, "media6", "20010db8" + "00" * 11 + "01", 0) in found
    assert (ADD, "media_ports", "b3b0", 0) in found
    assert found[-1] == (ADD, "watched", "11", 15_000)
