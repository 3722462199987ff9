"""Handing a party outside over to somebody else: what was granted to whom, and what a dialog remembers of it.

A provider is asked for nothing but a new session description: the voice process takes the place of the phone that
transferred (RFC 3725, docs/adr/0047).
"""

from dataclasses import astuple, dataclass
from typing import Final

from ringfence.policy.calls.limits import of_extension
from ringfence.policy.calls.services import Service
from ringfence.policy.model import CallOutside, PlayService, RingExtension, RingList, Verdict

PROOF_HEADER: Final = "X-Ringfence-Handover"
"""Where the voice process shows the token that it got for this dialog."""

DEEPEST: Final = 5
"""So many times one party may be handed on: each time adds a call to the chain."""

LONGEST: Final = 300.0
"""Seconds after which a handover that nobody told the end of is held failed, and another one may begin."""

HANDING: Final = "handing"
"""The token of the handover, from the REFER to the end of the call, or until it fails."""
SINCE: Final = "handing_since"
"""The CSeq of the last REFER that was taken, and when (Unix time)."""
PHONE: Final = "phone"
"""Where the phone that transfers is reached."""
SIDE: Final = "phone_side"
"""Which side it is: `caller` or `callee`."""
LEFT: Final = "phone_left"
"""It hung up before its place was taken."""
HANDED: Final = "handed"
"""Its place is taken."""
TOLL: Final = "toll"
"""It pays for a call outside, and is counted as its payer to the end."""
BASE: Final = "cseq_base"
"""The CSeq of the party's last request before the handover."""
RAISED: Final = "cseq_raised"
"""How many requests the phone got that the party did not send: later ones of the party are numbered higher by this."""
DEPTH: Final = "depth"
"""How often the party has been handed over."""
OF: Final = "transfer_of"
"""Our id of the call that this one goes on with."""

ASKED: Final = "asked_first"
"""The phone asked this party before it joined it to another one: it hears of the transfer in the other call alone."""
JOINS: Final = "joins"
"""Our id of the call that counts for this one too, and that it goes on with, once the phone's place is taken."""

HEARD_BY: Final = "heard_by"
"""The family of the relay's address at which the party is heard, `IP4` or `IP6`."""
MEETS: Final = "meets"
"""The same of a call that comes to the voice process to be tied to the party's: there the two meet."""

VARIABLES: Final = (HANDING, SINCE, PHONE, SIDE, LEFT, HANDED, TOLL, BASE, RAISED, DEPTH, OF, ASKED, JOINS,
             HEARD_BY, MEETS)  # fmt: skip

_SEPARATOR: Final = "\t"
_KIND: Final = "handover"
_SERVICES: Final = frozenset({Service.ANNOUNCEMENT, Service.LEAVE_MESSAGE, Service.PARK})


@dataclass(frozen=True, slots=True)
class Promise:
    """A handover that was judged and may be carried out once: `party` to `number`, at the cost of `payer`.

    `of` is our id of the call whose party it is and `depth` how often it will have been handed over; `already` are the
    counters that call holds for this one too. `replaces` is the call that the new one takes the place of.
    """

    payer: str
    party: str
    number: str
    of: str
    depth: str
    already: str = ""
    replaces: str = ""


def encode_promise(promise: Promise) -> str:
    return _SEPARATOR.join((_KIND, *astuple(promise)))


def decode_promise(text: str) -> Promise | None:
    """The promise of its text; None for anything else.

    >>> decode_promise(encode_promise(Promise("101@a", "+49@a", "102", "1-1", "1"))).number
    '102'
    """
    kind, *parts = text.split(_SEPARATOR)
    return Promise(*parts) if kind == _KIND and len(parts) == 7 else None


def leads_on(verdict: Verdict) -> bool:
    """Whether a party outside may be handed to this: whoever can be called, what a caller from outside may hear, and
    the music of a parked call. No other code of the transferrer's own, and nobody's mailbox.
    """
    if isinstance(verdict, PlayService):
        return verdict.service in _SERVICES
    return isinstance(verdict, RingExtension | RingList | CallOutside)


def counted_already(held: str, transferrer: str, callee: str) -> str:
    """Of the counters that the call of the transferrer holds, those in which the new call is not counted again: it is
    the same call of the tenant, and the transferrer makes no second one. A line of a trunk is one more in any case.

    >>> counted_already("extension:101@a trunk:3:tenant:1 trunk:3 tenant:1", "101@a", "102@a")
    'extension:101@a tenant:1'
    """
    own = "" if callee == transferrer else of_extension(transferrer)
    return " ".join(key for key in held.split() if key.startswith("tenant:") or key == own)


def is_over(since: str, now: float) -> bool:
    """Whether the handover that began then is held failed by now; `since` is what the dialog says of it.

    >>> is_over("3 1000", 1200.0), is_over("3 1000", 1400.0), is_over("", 0.0)
    (False, True, True)
    """
    began = since.partition(" ")[2]
    return not began or now - float(began) > LONGEST
