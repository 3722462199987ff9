"""Where gateways registered from, so that a call asks about those of its own address alone, however many there are.

The table only says whom to ask about: what holds is the registration itself. It is written when a gateway registers,
and again every ten seconds: the script repeats registrations without this code, and a core that starts anew has read
them from the database that warm start writes.
"""

import time
from collections.abc import Iterable
from typing import Final

from ringfence.policy.index import Index
from ringfence.policy.model import Request
from ringfence.policy.trunking.trunks import Trunk
from ringfence.signaling import memory
from ringfence.signaling.ports import trunk_port

NOTED_EVERY: Final = 10.0
_ALL: Final = "all"
"""Stands in the table, which no address does, once every gateway does."""

_due = [0.0]
"""When all are noted again, in monotonic seconds; of the timer process alone."""


def note(account: str, index: Index | None) -> None:
    """Whoever has just registered may be a gateway."""
    if index is not None and account in index.trunks.by_account:
        _note(account)


def note_all_if_due(index: Index | None) -> None:
    now = time.monotonic()
    if index is None or now < _due[0]:
        return
    _due[0] = now + NOTED_EVERY
    for account in index.trunks.by_account:
        _note(account)
    memory.note_gateway(_ALL, _ALL)


def registered_from(source: str, index: Index) -> Trunk | None:
    """The gateway that is registered from this address; of several the one that was set up first."""
    by_account = index.trunks.by_account
    asked: Iterable[str] = memory.gateways_at(source) if memory.gateways_at(_ALL) else by_account
    found = [trunk for account in asked if (trunk := by_account.get(account)) and _is_there(source, account)]
    return min(found, key=lambda trunk: trunk.id, default=None)


def at_home(request: Request, index: Index) -> Request:
    """The request as if it named its own domain, if a gateway that proved itself named us by one of our addresses."""
    caller = request.caller
    if caller is None or caller.aor not in index.trunks.by_account:
        return request
    target, sender, receiver = (
        caller.domain if index.is_address(host) else host
        for host in (request.target_host, request.from_host, request.to_host)
    )
    return request._replace(target_host=target, from_host=sender, to_host=receiver)


def _is_there(source: str, account: str) -> bool:
    return source in trunk_port.registered_at(account)


def _note(account: str) -> None:
    for source in trunk_port.registered_at(account):
        memory.note_gateway(source, account)
