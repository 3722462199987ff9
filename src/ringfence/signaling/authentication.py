"""Has Kamailio check a digest against the stored HA1. A known and an unknown account cost and answer the same."""

import os
import re
import time
from dataclasses import dataclass
from typing import Any, Final

from ringfence.policy import browsers
from ringfence.policy.book import Subscriber, decode_subscriber, encode_subscriber
from ringfence.policy.events import Kind
from ringfence.policy.excerpt import excerpt
from ringfence.policy.index import Index
from ringfence.policy.model import FRESH, Answer, Credentials
from ringfence.signaling import facts, ksr
from ringfence.signaling.worker import Worker
from ringfence.store.bans import since_boot

_PARAMETER: Final = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')

NOBODY: Final = os.urandom(16).hex()
"""Checked in place of an unknown account's HA1; a fixed one could be answered with."""

DECOY: Final = encode_subscriber(
    Subscriber("nobody@nowhere.invalid", 1, 1, "Standard User", True, "Nobody", NOBODY, NOBODY * 2)
)
"""Read in place of an unknown account's record: without that a stranger measures which extensions exist."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the credentials of a request came to."""

    credentials: Credentials | None = None
    caller: Subscriber | None = None


UNPROVED: Final = Identity()


def authenticate(method: str, index: Index, worker: Worker) -> Identity:
    """Who sent this request, as far as its digest proves it."""
    name = ksr.claimed_user().partition("@")[0]
    realm = index.domain_of(facts.target_host()) if name else ""
    if not realm:
        return UNPROVED
    account = f"{name}@{realm}"
    if worker.bans.is_slowed(ksr.source(), account, since_boot()):
        worker.tallies.answered()
        return UNPROVED
    subscriber = _holder(name, realm, worker)
    compared = subscriber or decode_subscriber(DECOY)
    answer = ksr.check_digest(realm, compared.ha1_md5)
    if answer in FRESH:
        worker.tallies.answered()
    if answer != Answer.RIGHT:
        return not_proved(method, account, subscriber, answer, worker)
    return Identity(Credentials(name, facts.digest_uri(), answer), subscriber)


def _holder(name: str, realm: str, worker: Worker) -> Subscriber | None:
    """Whose digest is asked for: the extension's own or, under a browser's name, the one of its session."""
    if not browsers.is_browser(name):
        return worker.view.subscriber(f"{name}@{realm}")
    raw = worker.view.lookup(browsers.credential_key(name, realm))
    if raw is None:
        worker.view.subscriber(f"{name}@{realm}")  # a name that nobody has costs the same
        return None
    credential = browsers.decode_credential(raw)
    owner = worker.view.subscriber(credential.aor)
    return browsers.proving(credential, owner, ksr.transport(), time.time(), NOBODY)


def not_proved(method: str, account: str, subscriber: Subscriber | None, answer: int, worker: Worker) -> Identity:
    """Credentials that Kamailio did not find right; a wrong answer to our own challenge is told to the guard."""
    if answer == Answer.WRONG:
        worker.journal.append(_failure_kind(subscriber, method), _failure_fields(method, account, subscriber))
    return Identity(Credentials(account.partition("@")[0], facts.digest_uri(), answer))


def _failure_kind(subscriber: Subscriber | None, method: str) -> Kind:
    """A phone that still holds the previous secret is no attacker (peers: stale password)."""
    previous = subscriber.previous_ha1_md5 if subscriber else ""
    stale = _answers_with(previous or NOBODY, method)
    return Kind.AUTH_STALE_PASSWORD if stale and previous else Kind.AUTH_FAILED


def _answers_with(ha1: str, method: str) -> bool:
    """Whether the credentials answer our challenge with this HA1 (RFC 7616 section 3.4.1).

    Worked out here, because Kamailio has just used the nonce up and would call it stale.
    """
    told: dict[str, str] = {
        name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(ksr.credential_header(method))
    }
    second = ksr.md5(f"{method}:{told.get('uri', '')}")
    middle = [told.get(name, "") for name in ("nc", "cnonce", "qop")] if "qop" in told else []
    return ksr.md5(":".join([ha1, told.get("nonce", ""), *middle, second])) == told.get("response", "").lower()


def _failure_fields(method: str, account: str, subscriber: Subscriber | None) -> dict[str, Any]:
    return {
        "source": ksr.source(),
        "port": ksr.source_port(),
        "transport": ksr.transport(),
        "account": account[:128],
        "method": method,
        "reason": "wrong_password" if subscriber else "unknown_account",
        "user_agent": ksr.user_agent()[:128],
        "call_id": ksr.call_id()[:128],
        "message": excerpt(ksr.whole_message()),
    }
