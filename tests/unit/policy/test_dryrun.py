"""A dry run decides as the guard does, and names people one knows first."""

import pytest

from ringfence.policy.addresses import AddressTable
from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.offenders.antihacking import Failure, Surroundings
from ringfence.policy.offenders.dryrun import Fate, Trial, compare
from ringfence.policy.settings import SecuritySettings

pytestmark = pytest.mark.unit

STRANGER, OFFICE, FRIEND, OWN = "192.0.2.66", "198.51.100.7", "203.0.113.5", "10.0.0.1"
PHONES = ("101@acme.example", "102@acme.example")
NOW = 1_000_000.0


def around(source: str, _: float) -> Surroundings:
    return Surroundings("an address of this machine" if source == OWN else "", PHONES if source == OFFICE else ())


def trial(limit: int, *entries: AddressEntry) -> Trial:
    return Trial(SecuritySettings(failed_authentication_limit=limit), (AddressTable(entries),), around)


def fail(one: Trial, source: str, times: int, accounts: int = 1) -> Trial:
    for number in range(times):
        one.fail(Failure(NOW + number / 100, source, f"{number % accounts}@acme.example"))
    return one


def test_a_lower_limit_stops_whom_the_present_one_lets_through() -> None:
    found = compare(fail(trial(50), STRANGER, 20), fail(trial(10), STRANGER, 20))
    assert [(one.source, one.fate) for one in found.harmed] == [(STRANGER, Fate.BANNED)]
    assert found.sentence == f"This would have stopped 1 more source: {STRANGER}."
    back = compare(fail(trial(10), STRANGER, 20), fail(trial(50), STRANGER, 20))
    assert [one.source for one in back.freed] == [STRANGER]


def test_offices_protected_addresses_and_allow_entries_are_spared_as_live() -> None:
    wanted = trial(10, AddressEntry(1, f"{FRIEND}/32", Target.ALLOW, None, "Carrier A"))
    for source in (OFFICE, OWN, FRIEND):
        fail(wanted, source, 20)
    found = compare(trial(50), wanted)
    assert found.harmed == ()
    assert {one.source: one.why for one in found.spared} == {
        OFFICE: f"office.healthy: {PHONES[0]}",
        OWN: "never_block.member: an address of this machine",
        FRIEND: f"allow entry {FRIEND}/32 (Carrier A)",
    }
    assert found.sentence == "This would have changed nothing for anybody."


def test_an_office_under_a_real_attack_is_named_with_its_phones_before_strangers() -> None:
    wanted = fail(fail(trial(10), STRANGER, 20), OFFICE, 20, accounts=15)
    found = compare(trial(50), wanted)
    assert [one.source for one in found.harmed] == [OFFICE, STRANGER]
    assert found.sentence == f"This would have stopped 2 more sources: {OFFICE} (2 phones), {STRANGER}."


def test_a_block_entry_that_covers_phones_says_which() -> None:
    wanted = Trial(SecuritySettings(), (AddressTable([AddressEntry(0, "198.51.100.0/24", Target.BLOCK)]),), around)
    for aor in PHONES:
        wanted.register(OFFICE, aor, NOW)
    found = compare(trial(50), wanted)
    assert [(one.fate, one.phones) for one in found.harmed] == [(Fate.BLOCKED, set(PHONES))]


def test_a_banned_source_is_counted_again_only_after_its_ban() -> None:
    one = fail(trial(10), STRANGER, 200)
    assert [outcome.evidence.count for outcome in one.outcomes.values() if outcome.evidence] == [10]
    assert one.outcomes[STRANGER, Fate.BANNED].at == NOW + 9 / 100
