"""What a tenant sees of bans, and which it may lift (issue 4, 7: a portal for the tenant administrator)."""

from typing import Any

import pytest

from ringfence.guard.ledger import BanRecord
from ringfence.guard.offenders.own_bans import concern_of, seen_by_tenant
from ringfence.policy.scope import Scope

OURS, OTHERS = "101@a.example", "101@b.example"
PHONES = {"192.0.2.7": [OURS]}


def ban(*accounts: str, by: str = "guard", scope: Scope = Scope.SIP, **evidence: Any) -> BanRecord:
    told = {"accounts": list(accounts), "user_agents": ["other people's"], **evidence}
    return BanRecord("192.0.2.7", "antihacking.failed_authentication", "r", by, 1.0, 9.0, "b", 9.0, told, scope)


def test_a_ban_of_strangers_is_nobodys_business() -> None:
    """W95. Neither an account of ours was tried nor a phone of ours lives there."""
    assert concern_of(ban(OTHERS), "a.example", {}) is None
    assert concern_of(ban("101@evil-a.example"), "a.example", {}) is None
    assert concern_of(ban("101@"), "", {}) is None


def test_others_are_not_named() -> None:
    """W95. Of a ban that concerns two tenants each sees its own accounts and phones, and no evidence."""
    concern = concern_of(ban(OURS, OTHERS), "a.example", PHONES)
    assert concern is not None
    seen = seen_by_tenant(ban(OURS, OTHERS), concern)
    assert (seen["accounts"], seen["phones"]) == ([OURS], [OURS])
    assert "other" not in repr(seen) and OTHERS not in repr(seen)


@pytest.mark.parametrize(
    ("record", "phones", "lifts"),
    [
        (ban(OURS), PHONES, True),
        (ban(), PHONES, True),
        (ban(OURS), {}, False),
        (ban(OURS, OTHERS), PHONES, False),
        (ban(OURS, distinct_accounts=40), PHONES, False),
        (ban(OURS, by="admin"), PHONES, False),
        (ban(OURS, scope=Scope.WEB), PHONES, False),
    ],
    ids=["own", "rate", "no phone", "others tried", "more than listed", "by a person", "portal"],
)
def test_which_bans_a_tenant_lifts(record: BanRecord, phones: dict[str, list[str]], lifts: bool) -> None:
    """Issue 4, 7. Only what the guard decided, where its phones are, and nobody else's account was tried."""
    concern = concern_of(record, "a.example", phones)
    assert concern is not None and concern.may_lift is lifts
