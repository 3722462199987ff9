"""Words that other parts write into records and answers, as pages show them to people."""

from typing import Final

from ringfence.policy.book import MatchKind
from ringfence.policy.calls.recording import Direction, Why
from ringfence.policy.outgoing.numbers import Reach
from ringfence.policy.outgoing.spend import Measure
from ringfence.policy.trunking.keeping import Standing
from ringfence.portal.language import told

TITLES: Final[dict[str, str]] = {
    "caller": "the caller",
    "callee": "the called side",
    "system": "the system",
    "ringing": "ringing",
    "up": "up",
    "down": "down",
    "unknown": "unknown",
    Standing.TRYING: "registering",
    Standing.REGISTERED: "registered",
    Standing.REFUSED: "registration refused",
    Standing.UNANSWERED: "registration unanswered",
    Direction.INBOUND: "inbound",
    Direction.OUTBOUND: "outbound",
    Direction.INTERNAL: "internal",
    Reach.NATIONAL: "national",
    Reach.INTERNATIONAL: "international",
    Why.TENANT: "the tenant",
    Why.EXTENSION: "the extension",
    Why.ON_DEMAND: "on demand",
    MatchKind.CONTAINS: "contains",
    MatchKind.EXACT: "is exactly",
    MatchKind.PREFIX: "begins with",
    Measure.CALLS: "calls a minute",
    Measure.MINUTES: "minutes a day",
    Measure.MONEY: "money a day",
    Measure.DESTINATIONS: "new countries a day",
    Measure.PARALLEL: "international calls at once",
    "known scanner": "known scanner",
    "password": "password",
    "passkey": "passkey",
    "sip": "SIP",
    "web": "portal",
    "provisioning": "provisioning",
}


def titled(word: str) -> str:
    """The word in the reader's language; one that is not in the table stays as it is."""
    return told(TITLES.get(word, word))
