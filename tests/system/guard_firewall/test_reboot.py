"""Attack case 61: a machine that comes up again bans whom it banned, for the time that remains."""

import re
import socket
import time

import pytest
from guarded import Guarded, Sender, passes, until

from ringfence.policy.book import AddressEntry, Book, ProtectedAddress, Protection, Target

pytestmark = pytest.mark.system
OFFENDER = "10.77.9.21"
CARRIER = "10.77.9.22"
SHORT = 2


def test_after_a_reboot_all_is_in_force_before_the_guard_answers(
    guard: Guarded, sender: Sender, receiver: socket.socket
) -> None:
    """Nothing listens for SIP until the guard answers: so the first packet that can be heard meets the whole table.

    Time since boot starts anew, so what remains of a ban is told by the clock on the wall.
    """
    entry = AddressEntry(1, "10.66.0.0/16", Target.BLOCK)
    member = ProtectedAddress(f"{CARRIER}/32", Protection.TRUNK, "carrier")
    guard.publish(Book(address_entries=(entry,), protected_addresses=(member,)))
    until(lambda: CARRIER in guard.kernel_set("never4"), 2.0)
    begun = time.time()
    guard.ask("bans.add", address=OFFENDER, seconds=100)
    guard.ask("bans.add", address="10.88.0.1", seconds=SHORT)
    while time.time() < begun + SHORT:
        time.sleep(0.05)
    guard.reboot()
    left = re.search(rf"{OFFENDER} timeout .*? expires (?:1m)?(\d+)s", guard.kernel_set("ban4"))
    assert left is not None
    seconds = int(left[1]) + 60 * ("expires 1m" in guard.kernel_set("ban4"))
    assert 100 - (time.time() - begun) - 1 <= seconds <= 100 - SHORT
    assert not guard.bans("10.88.0.1")
    assert CARRIER in guard.kernel_set("never4")
    assert "over_1" in guard.rates()
    assert "10.66.0.0" in guard.entries()
    sender.from_address(OFFENDER)
    assert not passes(sender, OFFENDER, receiver, guard.host.address)
    assert [ban["address"] for ban in guard.ask("bans.list")] == [OFFENDER]
