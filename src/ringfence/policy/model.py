"""Facts and verdicts: a request becomes plain values, a decision becomes one of the verdicts.

Packet and Request are named tuples because one of each is made for every message; a frozen dataclass costs four
times as much.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.services import Missed, Service


class Packet(NamedTuple):
    """What can be said of a message before anything in it is believed. Counts are header occurrences."""

    size: int
    vias: int
    froms: int
    tos: int
    call_ids: int
    cseqs: int
    content_lengths: int
    max_forwards: int
    credentials: int
    longest_uri: int
    call_id_length: int
    stream: bool


class Answer(IntEnum):
    """How Kamailio judged a digest: the return codes of `pv_auth_check` that mean something to a rule."""

    RIGHT = 1
    NOT_OURS = -1
    WRONG = -2
    STALE = -4
    NONE = -5
    REUSED = -6
    MISMATCH = -8


FRESH: Final = frozenset({Answer.RIGHT, Answer.WRONG})
"""Answers to a fresh nonce of ours, right or wrong: the source receives what we send."""

OUTLIVED: Final = frozenset({Answer.STALE, Answer.REUSED, Answer.NOT_OURS})
"""Answers to a nonce that is over: too old, used, another address's or another start's. Its digest was not read.

One that was never ours is among them: Kamailio calls it stale if it claims to be from before the start, and what is
told of the others must not differ, or a stranger finds the second of the start.
"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The digest credentials of a request (RFC 7616) and how Kamailio judged them: an `Answer` or another code."""

    username: str
    uri: str
    answer: int

    @property
    def is_fresh(self) -> bool:
        return self.answer in FRESH

    @property
    def is_outlived(self) -> bool:
        return self.answer in OUTLIVED


class Request(NamedTuple):
    """One SIP request as the rules see it. `source` is the address it really came from."""

    method: str
    target_user: str
    target_host: str
    target_uri: str
    from_user: str
    from_host: str
    to_user: str
    to_host: str
    source: str
    user_agent: str
    contacts: int = 0
    star_contact: bool = False
    expires: int | None = None
    credentials: Credentials | None = None
    caller: Subscriber | None = None
    payer: Subscriber | None = None
    """Who pays instead of the caller: the one who transferred it."""
    replaces: str = ""
    """The dialog that a granted attended transfer replaces."""
    event: str = ""
    """The event package that a SUBSCRIBE names (RFC 6665)."""
    transport: str = ""
    """What it really came by, in lower case: that of the SBC's client, if it came over the SBC."""
    needs_certificate: bool = False
    """Whether it came by a transport where phones must show a certificate."""
    certificate: tuple[str, ...] = ()
    """The names in the certificate that its connection showed and Kamailio found valid."""
    more_agents: tuple[str, ...] = ()
    """What further User-Agent headers say; there ought to be none (RFC 3261 section 7.3.1)."""


@dataclass(frozen=True, slots=True)
class Drop:
    """No answer at all: the sender learns nothing."""

    rule: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """A final answer; its rule goes to the journal, never into the reply. `payer` was judged, if not the caller."""

    rule: str
    code: int
    reason: str
    payer: str = ""


@dataclass(frozen=True, slots=True)
class Challenge:
    """Ask for a digest, with SHA-256 or MD5 (RFC 8760): 401 for REGISTER, 407 for everything else."""

    rule: str
    realm: str
    proxy: bool
    sha_256: bool = False


@dataclass(frozen=True, slots=True)
class Greet:
    """Answer 200 to a keep-alive OPTIONS addressed to the system itself."""

    rule: str


@dataclass(frozen=True, slots=True)
class SaveContacts:
    """Store the bindings of this address of record."""

    rule: str
    aor: str


@dataclass(frozen=True, slots=True)
class RingExtension:
    """Send the call to every device of an extension.

    `caller` is who is shown, `payer` who is judged and charged. `path` holds the extensions that forwarded it so far.
    """

    rule: str
    aor: str
    caller: Subscriber
    callee: Subscriber
    payer: Subscriber
    path: tuple[str, ...] = ()


class Step(NamedTuple):
    """Extensions that ring at once, and for how long."""

    aors: tuple[str, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class RingList:
    """Ring one step after the other until somebody answers, then go on to `otherwise`, a number as the payer dials it.

    `name` stands in records for whoever is called, such as `group:7`. Who does not want to be disturbed is left out;
    forwards of single extensions are not followed.
    """

    rule: str
    name: str
    caller: Subscriber
    payer: Subscriber
    steps: tuple[Step, ...]
    otherwise: str = ""
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PickUp:
    """Let this caller take a call that rings elsewhere: the first that is found under one of these keys."""

    rule: str
    caller: Subscriber
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unpark:
    """Let this caller fetch the call that is parked at this place, the address of whoever parked it."""

    rule: str
    caller: Subscriber
    place: str


@dataclass(frozen=True, slots=True)
class SetCalling:
    """Change settings of the caller's own extension, as its user may on the page."""

    rule: str
    caller: Subscriber
    values: tuple[tuple[str, str | bool], ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """Tell this subscriber the state of an extension from now on, for `seconds`; 0 seconds: once, and no more."""

    rule: str
    aor: str
    event: str
    seconds: int


@dataclass(frozen=True, slots=True)
class SendText:
    """Send a text message to every device of an extension."""

    rule: str
    aor: str
    caller: Subscriber


@dataclass(frozen=True, slots=True)
class TrunkRoute:
    """One way out: the trunk, the number as that trunk wants it and the number shown to the called side."""

    trunk_id: int
    number: str
    caller_number: str


@dataclass(frozen=True, slots=True)
class CallOutside:
    """Send the call over the first of these trunks that takes it.

    `payer` is charged and judged: who dialled, forwarded, transferred or started the call. `number` is canonical (E.164
    with a plus, or a short code); `outbound_rule` names the rule that allowed it. An emergency call is never limited.
    """

    rule: str
    payer: Subscriber
    number: str
    outbound_rule: str
    routes: tuple[TrunkRoute, ...]
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class PlayService:
    """Let the voice process answer. `argument` is a mailbox (an address of record) or the name of an announcement."""

    rule: str
    service: Service
    argument: str
    caller: Subscriber
    payer: Subscriber
    missed: Missed | None = None


Verdict = (
    Drop
    | Refuse
    | Challenge
    | Greet
    | SaveContacts
    | Watch
    | SendText
    | PickUp
    | SetCalling
    | Unpark
    | RingExtension
    | RingList
    | CallOutside
    | PlayService
)
Rung = RingExtension | RingList
Objection = Drop | Refuse | Challenge
