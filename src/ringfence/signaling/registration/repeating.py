"""What Kamailio's script may repeat: the registration of a phone that was let pass before, with the same facts, under
the same policy.

A worker remembers in shared memory what it let pass, under all the facts it judged by and the number of the policy's
last commit. The script (`route[REPEATED]`) finds only what is equal in every one of them, and asks for a fresh digest
each time. Whoever is not found goes to Python (ADR 21).
"""

import time
from collections.abc import Sequence
from typing import Final

import orjson

from ringfence.journal import returning
from ringfence.journal.returning import BETWEEN
from ringfence.signaling import memory
from ringfence.signaling.worker import Worker

FACTS: Final = 1 + returning.FACTS
"""The commit, and behind it what a registration is known by again."""

_GRANT: Final = 5
"""HA1, seconds granted, tenant, user, display name."""


def allow(facts: Sequence[str], grant: Sequence[str], commits: int, seconds: int) -> None:
    """Lets the script repeat this registration until it runs out, in so many seconds, or the policy changes.

    `commits` is the commit it was judged under; without one, or when the script has not heard of it, nothing is said.
    """
    words = BETWEEN.join(grant)
    if commits > 0 and facts[0] == str(commits) and words.count(BETWEEN) == _GRANT - 1:
        memory.allow_repeating(BETWEEN.join(facts), words, seconds, facts[7])


def renewals(most: int) -> list[str]:
    """What the script tells of the registrations it has repeated since the last question, at most so many."""
    told: list[str] = []
    while len(told) < most:
        one = memory.next_renewal()
        if not one:
            break
        told.append(one)
    return told


def begun_again(told: str, worker: Worker) -> None:
    """The script saved a device that Kamailio had forgotten: that is no renewal and stands in the journal at once."""
    facts, rest = told.split(BETWEEN)[:FACTS], told.split(BETWEEN, FACTS + _GRANT + 1)[FACTS:]
    *grant, cseq, call_id = rest
    worker.journal.append_line(saved_line(facts, grant, time.time(), call_id, cseq))


def saved_line(facts: Sequence[str], grant: Sequence[str], now: float, call_id: str, cseq: str) -> str:
    """The journal's line of one registration of one device; `now` is Unix time in seconds.

    Whoever allows a phone has seen that none of its facts needs escaping. The Call-ID is new each time.
    """
    _, source, port, own, own_port, target, _, sender, _, agent, contact, expires = facts
    _, granted, tenant, user, name = grant
    return (
        f'{{"t":{now},"kind":"registration.saved","aor":"{sender[4:]}","contacts":[{{"uri":"{device(contact)}",'
        f'"expires_at":{int(now) + int(granted)},"received":"sip:{source}:{port}","socket":"udp:{own}:{own_port}"}}],'
        f'"complete":false,"source":"{source}","port":{port},"transport":"udp","user_agent":"{agent}",'
        f'"call_id":{orjson.dumps(call_id).decode()},"cseq":{cseq},"asked":"{target}|{contact}|{expires}",'
        f'"tenant_id":{tenant},"user_id":{user},"display_name":"{name}"}}\n'
    )


def device(contact: str) -> str:
    """The URI of one contact whose lifetime is not its own; "" if it is not that plain."""
    if contact[:5] != "<sip:" or "," in contact or " " in contact or "expires" in contact.lower():
        return ""
    return contact[1:].partition(">")[0]
