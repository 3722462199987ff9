"""Bans that concern the people of one tenant: what its administrators see of them, and which they may lift.

An address can carry several tenants. A tenant sees its own accounts and phones there and nothing that names anybody
else; it may lift what the guard itself decided about an address where its phones live, unless accounts of others were
tried from there too: then somebody above the tenants has to look.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringfence.guard.ledger import BanRecord
from ringfence.policy.scope import Scope

DECIDED_HERE: Final = "guard"
"""Who a ban is by that no person asked for."""


@dataclass(frozen=True, slots=True)
class Concern:
    """What a ban has to do with one domain."""

    accounts: tuple[str, ...]
    phones: tuple[str, ...]
    may_lift: bool


def concern_of(record: BanRecord, domain: str, phones: Mapping[str, Iterable[str]]) -> Concern | None:
    """None when it is none of this domain's business. `phones` are its registrations by ban key."""
    tried = tuple(str(account) for account in record.evidence.get("accounts", ()))
    accounts = tuple(account for account in tried if _is_of(account, domain))
    there = tuple(sorted(phones.get(record.key, ())))
    if not accounts and not there:
        return None
    nobody_else = len(accounts) == len(tried) >= int(record.evidence.get("distinct_accounts", len(tried)))
    decided_here = record.scope is Scope.SIP and record.by == DECIDED_HERE
    return Concern(accounts, there, decided_here and bool(there) and nobody_else)


def _is_of(account: str, domain: str) -> bool:
    return bool(domain) and account.endswith(f"@{domain}")


def seen_by_tenant(record: BanRecord, concern: Concern) -> dict[str, Any]:
    """The ban as its administrators see it: without evidence that may name others."""
    return {
        "address": record.key,
        "scope": record.scope,
        "rule": record.rule,
        "since": record.since,
        "until": record.until,
        "accounts": list(concern.accounts),
        "phones": list(concern.phones),
        "may_lift": concern.may_lift,
    }
