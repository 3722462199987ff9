"""Has Kamailio check a digest against the stored HA1. A known and an unknown account cost and answer the same."""

import time
from dataclasses import replace
from typing import Any, Final

from ringfence.policy.book import Subscriber
from ringfence.policy.events import Kind
from ringfence.policy.index import Index
from ringfence.policy.model import Answer, Request
from ringfence.signaling import facts, ksr
from ringfence.signaling.worker import Worker

NOBODY: Final = "0" * 32
"""Checked in place of an unknown account's HA1; no password hashes to it."""


def authenticate(request: Request, index: Index, worker: Worker) -> Request:
    """The request with its credentials judged and, if they are right, its caller."""
    realm = index.domain_of(request.target_host)
    name = facts.username()
    if not realm or not name or worker.bans.is_slowed(request.source, f"{name.partition('@')[0]}@{realm}", time.time()):
        return request
    subscriber = worker.view.subscriber(f"{name.partition('@')[0]}@{realm}")
    answer = ksr.check_digest(realm, subscriber.ha1_md5 if subscriber else NOBODY)
    if answer == Answer.WRONG:
        _journal_failure(worker, request, name, subscriber, realm)
    judged = replace(request, credentials=facts.credentials(answer, name))
    return replace(judged, caller=subscriber) if answer == Answer.RIGHT and subscriber else judged


def _journal_failure(worker: Worker, request: Request, name: str, subscriber: Subscriber | None, realm: str) -> None:
    worker.journal.append(_failure_kind(subscriber, realm), _failure_fields(request, f"{name}@{realm}", subscriber))


def _failure_kind(subscriber: Subscriber | None, realm: str) -> Kind:
    """A phone that still holds the previous secret is no attacker (peers: stale password)."""
    if subscriber and subscriber.previous_ha1_md5 and ksr.check_digest(realm, subscriber.previous_ha1_md5) == Answer.RIGHT:
        return Kind.AUTH_STALE_PASSWORD
    return Kind.AUTH_FAILED


def _failure_fields(request: Request, account: str, subscriber: Subscriber | None) -> dict[str, Any]:
    return {
        "source": request.source,
        "port": ksr.source_port(),
        "transport": ksr.transport(),
        "account": account[:128],
        "method": request.method,
        "reason": "wrong_password" if subscriber else "unknown_account",
        "user_agent": request.user_agent[:128],
        "call_id": ksr.call_id()[:128],
    }
