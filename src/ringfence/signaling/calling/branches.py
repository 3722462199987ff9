"""What each phone that rings is told: who calls, whose transfer it is, and where its audio goes.

All of it belongs to the branch, not to the call: the next step of the same call may lead outside, where none of it may
be seen (docs/adr/0036).
"""

from ringfence.policy.trunking.next_hop import browsers_connection
from ringfence.signaling.calling import encrypted
from ringfence.signaling.ports import ksr, trunk_port, web_port
from ringfence.signaling.relay import insisting, media, mediaroom, terms
from ringfence.signaling.worker import Worker

NAME, SHOWN, ASSERTED = "shown_name", "shown_uri", "asserted"
REFERRED_BY, REPLACES = "referred_by", "replaces"


def announce(name: str, asserted: str, shown: str = "") -> None:
    """Who calls: the name, the address of record, and the URI in From if it is not the one that stands there."""
    for key, value in ((NAME, name), (ASSERTED, asserted), (SHOWN, shown)):
        ksr.note(key, value)


def announce_transfer(by: str) -> None:
    """Who transferred the call."""
    ksr.note(REFERRED_BY, by)


def announce_replaced(replaces: str) -> None:
    """The call of the called phone that this one takes the place of (RFC 3891)."""
    ksr.note(REPLACES, replaces)


def dress(worker: Worker) -> bool:
    """Says it to the phone of this branch; False: nothing is sent to it."""
    if not encrypted.may_be_sent(worker) or insisting.passes_over() or _has_gone():
        return False
    if not mediaroom.takes_branch(worker):
        media.note_full()
        return False
    if asserted := ksr.noted(ASSERTED):
        trunk_port.show_caller_as(ksr.noted(NAME), ksr.noted(SHOWN))
        ksr.append_header(f"P-Asserted-Identity: <sip:{asserted}>")
    if by := ksr.noted(REFERRED_BY):
        ksr.append_header(f"Referred-By: <sip:{by}>")
    if replaces := ksr.noted(REPLACES):
        ksr.append_header(f"Replaces: {replaces}")
    return media.offer_to_branch(terms.of_branch(worker))


def _has_gone() -> bool:
    """Whether this branch leads to a browser whose connection is closed: nobody but the browser can open another.

    Kamailio finds that out when the offer is made already, and gives the number of the branch to the next device. The
    relay would take the next device's offer for a change of this one, and keep the keys of a browser in it.
    """
    other_end = browsers_connection(ksr.text("$du") or ksr.target_uri())
    return other_end != "" and not web_port.is_open(other_end)
