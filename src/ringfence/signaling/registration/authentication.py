"""Has Kamailio check a digest against the stored HA1. A known and an unknown account cost and answer the same."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from ringfence.policy.book import Subscriber, decode_subscriber, encode_subscriber
from ringfence.policy.events import Kind
from ringfence.policy.index import Index
from ringfence.policy.model import FRESH, Answer, Credentials
from ringfence.policy.offenders.challenged import SHA_256, parameters
from ringfence.policy.offenders.excerpt import excerpt
from ringfence.policy.people import browsers
from ringfence.signaling import facts
from ringfence.signaling.ports import digests, encoding_port, ksr
from ringfence.signaling.worker import Worker
from ringfence.store.bans import since_boot

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


def authenticate(method: str, index: Index, worker: Worker, host: str = "") -> Identity:
    """Who sent this request, as far as its digest proves it; `host` stands for the domain that it asks."""
    name = ksr.claimed_user().partition("@")[0]
    asked = host or facts.target_host()
    realm = index.domain_of(asked) if name else ""
    if not realm:
        return UNPROVED
    account = f"{name}@{realm}"
    if worker.bans.is_slowed(ksr.source(), account, since_boot()):
        worker.tallies.answered()
        return UNPROVED
    subscriber = _holder(name, realm, worker) or _gateway(name, asked, index, worker)
    compared = subscriber or decode_subscriber(DECOY)
    sha_256 = index.asks_sha_256(realm, ksr.transport())
    if sha_256 and _told(method).get("algorithm", "").upper() != SHA_256:
        return UNPROVED  # an MD5 from before, or from a phone that knows nothing else: no guess, and no proof
    ha1 = compared.ha1_sha256 if sha_256 else compared.ha1_md5
    answer = digests.check_digest(realm, ha1, sha_256=sha_256)
    if answer in FRESH:
        worker.tallies.answered()
    if answer != Answer.RIGHT:
        return not_proved(method, account, subscriber, answer, worker, sha_256=sha_256)
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


def _gateway(name: str, host: str, index: Index, worker: Worker) -> Subscriber | None:
    """The gateway of this name, where one of our addresses was asked: the challenge to that shows the default domain,
    so that it tells nobody which names are gateways, and we keep an answer to it from each of them.
    """
    trunk = index.trunks.at_address.get(name) if index.is_address(host) else None
    found = worker.view.subscriber(trunk.account) if trunk else None
    if found is None or trunk is None or trunk.at_address is None:
        return None
    return replace(found, ha1_md5=trunk.at_address.ha1, ha1_sha256=trunk.at_address.ha1_sha_256)


def not_proved(
    method: str, account: str, subscriber: Subscriber | None, answer: int, worker: Worker, *, sha_256: bool = False
) -> Identity:
    """Credentials that Kamailio did not find right; a wrong answer to our own challenge is told to the guard."""
    if answer == Answer.WRONG:
        previous = _previous(subscriber, sha_256=sha_256)
        stale = _answers_with(previous or NOBODY, method, digests.sha256 if sha_256 else digests.md5)
        kind = Kind.AUTH_STALE_PASSWORD if stale and previous else Kind.AUTH_FAILED
        worker.journal.append(kind, _failure_fields(method, account, subscriber))
    return Identity(Credentials(account.partition("@")[0], facts.digest_uri(), answer))


def _previous(subscriber: Subscriber | None, *, sha_256: bool) -> str:
    """The HA1 before the secret changed: a phone that still holds it is no attacker (peers: stale password)."""
    if subscriber is None:
        return ""
    return subscriber.previous_ha1_sha256 if sha_256 else subscriber.previous_ha1_md5


def _answers_with(ha1: str, method: str, digest: Callable[[str], str]) -> bool:
    """Whether the credentials answer our challenge with this HA1 (RFC 7616 section 3.4.1).

    Worked out here, because Kamailio has just used the nonce up and would call it stale.
    """
    told = _told(method)
    second = digest(f"{method}:{told.get('uri', '')}")
    middle = [told.get(name, "") for name in ("nc", "cnonce", "qop")] if "qop" in told else []
    return digest(":".join([ha1, told.get("nonce", ""), *middle, second])) == told.get("response", "").lower()


def _told(method: str) -> dict[str, str]:
    """The parameters of the credentials."""
    return parameters(digests.credential_header(method))


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
        "message": excerpt(encoding_port.whole_message()),
    }
