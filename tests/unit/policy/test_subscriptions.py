"""Who hears of what on the event socket: a tenant hears of itself alone."""

import pytest

from ringfence.policy.events import FROM_AUDIT, Kind
from ringfence.policy.people.subscriptions import (
    TELLINGS,
    UNTOLD,
    Audience,
    Listener,
    Topic,
    audit_kind,
    ledger_kinds,
    told,
)

pytestmark = pytest.mark.unit

SYSTEM = Listener(True, None, "")
OWN = Listener(False, 1, "acme.example")
OTHER = Listener(False, 2, "other.example")
NOBODY = Listener(False, None, "")
EVERY = tuple(Topic)
EVIDENCE = {"accounts": ["101@acme.example", "7@third.example"], "healthy": ["9@other.example"], "count": 50}
BAN = {"address": "192.0.2.7", "rule": "r", "by": "guard", "since": 1.0, "until": 2.0, "evidence": EVIDENCE}


def test_every_kind_is_told_or_kept_on_purpose() -> None:
    """Whoever adds a kind says here whether, to whom and on which topic it is told."""
    assert set(TELLINGS) | UNTOLD == set(Kind)
    assert not set(TELLINGS) & UNTOLD
    assert set(ledger_kinds()) == set(TELLINGS) - FROM_AUDIT


@pytest.mark.parametrize("kind", [kind for kind, item in TELLINGS.items() if item.audience is Audience.TENANT])
def test_a_tenant_hears_its_own_and_nothing_of_others(kind: Kind) -> None:
    event = {**dict.fromkeys(TELLINGS[kind].fields, "x"), "tenant_id": 1, "secret": "y"}
    heard = told(kind, event, OWN, EVERY)
    assert heard is not None
    assert set(heard) <= set(TELLINGS[kind].fields)
    assert told(kind, event, OTHER, EVERY) is None
    assert told(kind, {**event, "tenant_id": None}, NOBODY, EVERY) is None
    assert told(kind, event, SYSTEM, EVERY) is not None


@pytest.mark.parametrize("kind", [kind for kind, item in TELLINGS.items() if item.audience is Audience.SYSTEM])
def test_what_concerns_the_system_is_for_its_administrator(kind: Kind) -> None:
    event = {**dict.fromkeys(TELLINGS[kind].fields, "x"), "tenant_id": 1}
    assert told(kind, event, OWN, EVERY) is None
    assert told(kind, event, SYSTEM, EVERY) is not None


def test_a_tenant_hears_of_a_ban_for_its_accounts_and_of_no_other_account() -> None:
    heard = told(Kind.BAN_ADDED, BAN, OWN, EVERY)
    assert heard == {
        "address": "192.0.2.7", "rule": "r", "since": 1.0, "until": 2.0, "accounts": ["101@acme.example"],
    }  # fmt: skip
    assert told(Kind.BAN_ADDED, BAN, OTHER, EVERY) is None, "a healthy phone there does not make it an attack on it"
    assert told(Kind.BAN_ADDED, BAN, NOBODY, EVERY) is None


def test_the_end_of_a_ban_reaches_whom_its_beginning_reached() -> None:
    end = {"address": "192.0.2.7", "rule": "r", "accounts": ["101@acme.example"]}
    assert told(Kind.BAN_EXPIRED, end, OWN, EVERY) is not None
    assert told(Kind.BAN_EXPIRED, end, OTHER, EVERY) is None


def test_a_domain_that_ends_alike_is_another_domain() -> None:
    near = Listener(False, 3, "example")
    assert told(Kind.BAN_EXPIRED, {"accounts": ["101@acme.example"]}, near, EVERY) is None


def test_topics_filter() -> None:
    assert told(Kind.BAN_ADDED, BAN, SYSTEM, (Topic.CALLS,)) is None
    assert told("no.such.kind", {}, SYSTEM, EVERY) is None


def test_a_changed_setting_is_on_two_topics() -> None:
    assert audit_kind("security.settings_changed") is Kind.SETTINGS_CHANGED
    assert audit_kind("user.created") is Kind.AUDIT_RECORDED
    assert told(Kind.SETTINGS_CHANGED, {"action": "x"}, SYSTEM, (Topic.AUDIT,)) == {"action": "x"}
