"""What becomes of a source over a packet rate (reference: Level 1 and Level 2)."""

from dataclasses import replace

import pytest

from ringfence.policy.offenders.antihacking import Ban, Spared, Sparing, Surroundings
from ringfence.policy.offenders.floods import OFFICE_PATIENCE, Excess, Proof, judge_rate
from ringfence.policy.settings import SecuritySettings

SETTINGS = SecuritySettings()
SOURCE = "192.0.2.66"


def excess(level: int) -> Excess:
    return Excess(SOURCE, level, 1234, 1000.0, 1001.5)


@pytest.mark.parametrize(("level", "seconds", "limit"), [(1, 30, 500), (2, 3600, 2000)])
@pytest.mark.parametrize("proof", [Proof.DIGEST, Proof.CONNECTION])
def test_a_proved_source_is_banned_for_the_time_of_its_level(
    level: int, seconds: int, limit: int, proof: Proof
) -> None:
    ban = judge_rate(excess(level), Surroundings(), proof, SETTINGS)
    assert isinstance(ban, Ban)
    assert ban.seconds == seconds
    assert (ban.evidence.rule, ban.evidence.limit) == (f"antihacking.level_{level}", limit)
    assert (ban.evidence.count, ban.evidence.first_at, ban.evidence.last_at) == (1234, 1000.0, 1001.5)
    assert ban.evidence.reasons == ((f"proved by {proof}", 1),)


@pytest.mark.parametrize("level", [1, 2])
def test_without_proof_nothing_is_done_and_nothing_remembered(level: int) -> None:
    assert judge_rate(excess(level), Surroundings(), Proof.NONE, SETTINGS) is None
    assert judge_rate(excess(level), Surroundings(healthy=("101@acme.example",)), Proof.NONE, SETTINGS) is None


def test_a_forged_flood_silences_an_office_for_the_short_time_only() -> None:
    lasting = replace(excess(2), last_at=excess(2).first_at + OFFICE_PATIENCE)
    ban = judge_rate(lasting, Surroundings(healthy=("101@acme.example",)), Proof.DIGEST, SETTINGS)
    assert isinstance(ban, Ban)
    assert ban.seconds == SETTINGS.level_1_block
    assert ban.evidence.healthy == ("101@acme.example",)


def test_a_never_block_member_is_spared_whatever_it_proved() -> None:
    for proof in Proof:
        spared = judge_rate(excess(2), Surroundings(never_block="the gateway"), proof, SETTINGS)
        assert isinstance(spared, Spared)
        assert (spared.why, spared.protects) == (Sparing.NEVER_BLOCK, "the gateway")


@pytest.mark.parametrize(("level", "seconds"), [(1, 3600.0), (2, OFFICE_PATIENCE - 0.1)])
@pytest.mark.parametrize("known", [True, False])
def test_all_phones_of_an_office_at_once_only_lose_the_excess(level: int, seconds: float, known: bool) -> None:
    """Attack case 66: after an outage no phone is registered any more, but the address is known of the last day."""
    burst = replace(excess(level), last_at=excess(level).first_at + seconds)
    around = Surroundings() if known else Surroundings(healthy=("101@acme.example",))
    assert judge_rate(burst, around, Proof.DIGEST, SETTINGS, known=known) is None


def test_a_stranger_is_blocked_at_once() -> None:
    assert isinstance(judge_rate(excess(1), Surroundings(), Proof.CONNECTION, SETTINGS), Ban)
