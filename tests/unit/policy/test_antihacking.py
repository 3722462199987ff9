"""Failed authentications: the limit is reached, not exceeded; offices and members are spared; memory is bounded."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.offenders.antihacking import (
    FAILED_AUTHENTICATION,
    LISTED,
    MANY_ACCOUNTS,
    Ban,
    Evidence,
    Failure,
    Failures,
    Spared,
    Sparing,
    Surroundings,
    judge,
)
from ringfence.policy.settings import SecuritySettings

SETTINGS = SecuritySettings()
SOURCE = "192.0.2.66"


def failure(
    at: float = 1000.0, account: str = "101@acme.example", source: str = SOURCE, agent: str = "scanner"
) -> Failure:
    return Failure(at, source, account, "REGISTER", "wrong_password", "udp", agent)


def after(count: int, failures: Failures, settings: SecuritySettings = SETTINGS) -> Evidence | None:
    """What the last of so many failures in a row yields."""
    evidence = None
    for number in range(count):
        evidence = failures.count(failure(1000.0 + number * 0.1), settings)
    return evidence


@pytest.mark.parametrize(("count", "strikes"), [(49, False), (50, True), (51, True)])
def test_the_default_limit_of_50_is_reached_at_exactly_50(count: int, strikes: bool) -> None:
    assert (after(count, Failures()) is not None) is strikes


def test_the_evidence_tells_what_was_counted() -> None:
    evidence = after(50, Failures())
    assert evidence is not None
    assert (evidence.rule, evidence.source, evidence.count, evidence.limit, evidence.window) == (
        FAILED_AUTHENTICATION,
        SOURCE,
        50,
        50,
        10,
    )
    assert (evidence.first_at, evidence.last_at) == (1000.0, pytest.approx(1004.9))
    assert (evidence.accounts, evidence.distinct_accounts) == (("101@acme.example",), 1)
    assert (evidence.user_agents, evidence.methods, evidence.transports) == (("scanner",), ("REGISTER",), ("udp",))
    assert evidence.reasons == (("wrong_password", 50),)


def test_failures_outside_the_detection_period_do_not_count() -> None:
    failures = Failures()
    after(49, failures)
    assert failures.count(failure(1004.8 + SETTINGS.detection_period + 0.1), SETTINGS) is None
    assert failures.held == 1


def test_a_switched_off_protection_counts_nothing() -> None:
    failures = Failures()
    assert after(60, failures, replace(SETTINGS, failed_authentication_enabled=False)) is None
    assert failures.held == 0


def test_a_lowered_limit_counts_what_is_already_there() -> None:
    failures = Failures()
    after(20, failures)
    assert failures.count(failure(1002.0), replace(SETTINGS, failed_authentication_limit=10)) is not None


def test_sources_are_counted_apart() -> None:
    failures = Failures()
    after(49, failures)
    assert failures.count(failure(1004.9, source="192.0.2.67"), SETTINGS) is None


def test_a_forgotten_source_starts_afresh() -> None:
    failures = Failures()
    after(49, failures)
    failures.forget(SOURCE)
    failures.forget("192.0.2.99")
    assert failures.count(failure(1005.0), SETTINGS) is None
    assert failures.held == 1


def test_events_of_two_workers_may_be_out_of_order_by_a_moment() -> None:
    failures = Failures()
    after(49, failures)
    assert failures.count(failure(1003.9), SETTINGS) is not None


def test_a_clock_set_back_does_not_add_old_failures_to_new_ones() -> None:
    failures = Failures()
    after(49, failures)
    assert failures.count(failure(500.0), SETTINGS) is None
    assert failures.held == 1


def test_the_least_recent_source_is_forgotten_when_there_are_too_many() -> None:
    failures = Failures(max_sources=2)
    for source in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        failures.count(failure(source=source), SETTINGS)
    assert len(failures) == 2
    assert failures.held == 2


def test_one_source_alone_keeps_its_window_whatever_the_bound() -> None:
    assert after(50, Failures(max_failures=10)) is not None


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), max_size=200))
def test_memory_is_bounded_and_the_count_exact(arrivals: list[tuple[int, int]]) -> None:
    failures = Failures(max_sources=8, max_failures=50)
    settings = replace(SETTINGS, failed_authentication_limit=5)
    for source, at in arrivals:
        failures.count(failure(1000.0 + at, source=f"192.0.2.{source}"), settings)
        assert len(failures) <= 8
        assert failures.held <= 50


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60))
def test_a_strike_means_limit_failures_within_the_period(moments: list[float]) -> None:
    failures = Failures()
    settings = replace(SETTINGS, failed_authentication_limit=5)
    seen: list[float] = []
    for moment in sorted(moments):
        seen.append(moment)
        recent = [at for at in seen if at > moment - settings.detection_period]
        assert (failures.count(failure(moment), settings) is not None) is (len(recent) >= 5)


def strike(distinct: int = 1) -> Evidence:
    failures = Failures()
    evidence = None
    for number in range(50):
        evidence = failures.count(
            failure(1000.0 + number / 100, account=f"{100 + number % distinct}@acme.example"), SETTINGS
        )
    assert evidence is not None
    return evidence


def test_a_strike_is_a_ban_for_the_configured_time() -> None:
    decision = judge(strike(), Surroundings(), replace(SETTINGS, failed_authentication_block=77))
    assert isinstance(decision, Ban)
    assert (decision.source, decision.seconds) == (SOURCE, 77)


def test_a_member_of_the_never_block_set_is_spared_and_named() -> None:
    decision = judge(strike(), Surroundings(never_block="the network gateway (192.0.2.66/32)"), SETTINGS)
    assert isinstance(decision, Spared)
    assert decision.why is Sparing.NEVER_BLOCK
    assert "gateway" in decision.protects


def test_one_bad_phone_does_not_take_its_office_down() -> None:
    decision = judge(strike(), Surroundings(healthy=("102@acme.example",)), SETTINGS)
    assert isinstance(decision, Spared)
    assert (decision.why, decision.protects, decision.pairs) == (
        Sparing.HEALTHY,
        "102@acme.example",
        ("100@acme.example",),
    )


@pytest.mark.parametrize(("distinct", "banned"), [(MANY_ACCOUNTS - 1, False), (MANY_ACCOUNTS, True)])
def test_many_different_accounts_are_an_attack_even_from_an_office(distinct: int, banned: bool) -> None:
    decision = judge(strike(distinct), Surroundings(healthy=("102@acme.example",)), SETTINGS)
    assert isinstance(decision, Ban) is banned


def test_lists_in_the_evidence_are_bounded_and_the_count_is_not() -> None:
    evidence = strike(50)
    assert (len(evidence.accounts), evidence.distinct_accounts) == (LISTED, 50)
    decision = judge(evidence, Surroundings(healthy=tuple(f"{number}@acme.example" for number in range(100))), SETTINGS)
    assert len(decision.evidence.healthy) == LISTED
