"""Room in the media relays: what is left for help is left alone, also by those who call within the same second.

The guard says once a second how many more offers there is room for. Workers count what they take of that in memory that
all of them share, a new count for each look. While there is much room nobody counts.
"""

from typing import Final

from ringfence.policy.trunking.next_hop import SPEAKS
from ringfence.signaling import memory
from ringfence.signaling.ports import ksr
from ringfence.signaling.worker import Worker
from ringfence.store.relayroom import Side

PLENTY: Final = 1_000
"""Offers that no second brings."""


def takes_caller(worker: Worker) -> bool:
    """Whether there is room for the side of whoever calls: a client of the SBC takes room there too."""
    return not worker.relays.is_low(Side.CORE) and (not ksr.over_link() or _takes(Side.SBC, worker))


def takes_branch(worker: Worker) -> bool:
    """Whether there is room for the offer that this branch is about to carry; for a call for help there always is."""
    if ksr.dialog_var("emergency"):
        return True
    outer = SPEAKS not in ksr.text("$du") or _takes(Side.SBC, worker)
    return outer and _takes(Side.CORE, worker)


def _takes(side: Side, worker: Worker) -> bool:
    found = worker.relays.room(side)
    if found is None or found.offers > PLENTY:
        return True
    return found.offers > 0 and memory.count_offer(f"{side}:{found.looked_at}") <= found.offers
