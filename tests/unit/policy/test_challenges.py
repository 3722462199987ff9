"""Failed challenge requests (reference: "Failed Challenge Requests (407)"): "exceeds", after the whole answer time, and
never a phone that answers.
"""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.offenders.antihacking import Ban, Evidence, Spared, Sparing, Surroundings
from ringfence.policy.offenders.challenges import ANSWER_TIME, FAILED_CHALLENGE, Challenges, Tally, judge_unanswered
from ringfence.policy.settings import SecuritySettings

SETTINGS = SecuritySettings()
PERIOD = SETTINGS.detection_period
SOURCE = "192.0.2.66"
START = 5_000.0


def tally(sent: int = 0, answered: int = 0, source: str = SOURCE, stream: bool = True) -> Tally:
    return Tally(source, stream, sent, answered, 0, "REGISTER", "101", "tool", "REGISTER sip:acme.example SIP/2.0")


def strikes(challenges: Challenges, boot: float, settings: SecuritySettings = SETTINGS) -> list[Evidence]:
    return list(challenges.strikes(boot, settings))


def counted(*tallies: tuple[float, int, int]) -> Challenges:
    """Balances after (seconds from the start, sent, answered)."""
    challenges = Challenges()
    for at, sent, answered in tallies:
        challenges.count(tally(sent, answered), START + at, 1e9 + at, SETTINGS)
    return challenges


@pytest.mark.parametrize(("sent", "strikes_out"), [(999, False), (1000, False), (1001, True)])
def test_exceeds_means_more_than_the_limit(sent: int, strikes_out: bool) -> None:
    assert bool(strikes(counted((0, sent, 0)), START + ANSWER_TIME)) is strikes_out


def test_a_challenge_counts_only_when_its_answer_stayed_out_for_the_whole_time() -> None:
    challenges = counted((0, 5000, 0))
    assert strikes(challenges, START + ANSWER_TIME - 0.1) == []
    assert len(strikes(challenges, START + ANSWER_TIME)) == 1


@pytest.mark.parametrize("delay", [0, 8, 29])
def test_an_answer_within_the_time_takes_the_challenge_back(delay: int) -> None:
    challenges = counted((0, 5000, 0), (delay, 0, 5000))
    assert not any(strikes(challenges, START + second) for second in range(delay, 90))


def test_what_is_spread_beyond_the_detection_period_is_not_added_up() -> None:
    challenges = Challenges()
    for second in range(300):
        challenges.count(tally(90), START + second, 0.0, SETTINGS)
        assert strikes(challenges, START + second) == []


def test_a_burst_after_a_long_trickle_is_not_charged_for_the_trickle() -> None:
    challenges = Challenges()
    for second in range(1000):
        challenges.count(tally(1 if second != 900 else 800), START + second, 0.0, SETTINGS)
        assert strikes(challenges, START + second) == []


def test_a_source_behind_which_others_answer_is_still_found() -> None:
    challenges = Challenges()
    found = []
    for second in range(60):
        challenges.count(tally(50 + 150, 50), START + second, 0.0, SETTINGS)
        found += strikes(challenges, START + second)
    assert found


def test_streams_and_datagrams_are_counted_apart() -> None:
    challenges = Challenges()
    for stream in (True, False):
        challenges.count(tally(600, stream=stream), START, 0.0, SETTINGS)
    assert strikes(challenges, START + ANSWER_TIME) == []


def test_the_evidence_tells_what_was_counted() -> None:
    challenges = counted((0, 1500, 0))
    (evidence,) = strikes(challenges, START + ANSWER_TIME)
    assert (evidence.rule, evidence.count, evidence.limit, evidence.window) == (FAILED_CHALLENGE, 1500, 1000, 10)
    assert (evidence.methods, evidence.user_agents, evidence.transports) == (("REGISTER",), ("tool",), ("tcp",))
    assert evidence.first_message.startswith("REGISTER sip:")


def test_a_switched_off_protection_bans_nobody() -> None:
    off = replace(SETTINGS, failed_challenge_enabled=False)
    assert strikes(counted((0, 5000, 0)), START + ANSWER_TIME, off) == []


def test_a_forgotten_source_starts_afresh() -> None:
    challenges = counted((0, 5000, 0))
    challenges.forget(SOURCE)
    assert strikes(challenges, START + ANSWER_TIME) == []
    assert len(challenges) == 0


def test_a_source_that_went_away_is_no_suspect_for_ever() -> None:
    challenges = counted((0, 1500, 600), (1, 1, 0))
    challenges.count(tally(1, source="192.0.2.1"), START + 500, 0.0, SETTINGS)
    assert strikes(challenges, START + 500) == []
    assert strikes(challenges, START + 501) == []


def test_memory_is_bounded() -> None:
    challenges = Challenges(max_sources=10)
    for number in range(1000):
        challenges.count(tally(5000, source=f"192.0.2.{number}"), START, 0.0, SETTINGS)
    assert len(challenges) == 10
    assert len(strikes(challenges, START + ANSWER_TIME)) == 10


def struck() -> Evidence:
    (evidence,) = strikes(counted((0, 1500, 0)), START + ANSWER_TIME)
    return evidence


def test_a_proved_source_is_banned_for_its_own_block_time() -> None:
    decision = judge_unanswered(struck(), Surroundings(), replace(SETTINGS, failed_challenge_block=77), proved=True)
    assert isinstance(decision, Ban)
    assert decision.seconds == 77


@pytest.mark.parametrize(
    ("around", "proved", "why"),
    [
        (Surroundings(never_block="a trunk"), True, Sparing.NEVER_BLOCK),
        (Surroundings(healthy=("101@acme.example",)), True, Sparing.HEALTHY),
        (Surroundings(), False, Sparing.UNPROVED),
    ],
)
def test_who_is_spared(around: Surroundings, proved: bool, why: Sparing) -> None:
    decision = judge_unanswered(struck(), around, SETTINGS, proved=proved)
    assert isinstance(decision, Spared)
    assert decision.why is why


def test_dropped_user_agents_are_remembered_as_evidence() -> None:
    challenges = Challenges()
    challenges.count(replace(tally(), blocked=7), START, 0.0, SETTINGS)
    assert challenges.blocked_agents(SOURCE) == 7
    assert challenges.blocked_agents("192.0.2.1") == 0


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 29), st.booleans()), max_size=120))
def test_no_source_that_answers_within_the_time_ever_strikes(requests: list[tuple[int, int, bool]]) -> None:
    """Whatever the order in which several workers tell: fewer unanswered than the limit is no strike."""
    settings = replace(SETTINGS, failed_challenge_limit=sum(not answers for *_, answers in requests) or 1)
    moments: list[tuple[int, int, int]] = []
    for at, delay, answers in requests:
        moments.append((at, 1, 0))
        if answers:
            moments.append((at + delay, 0, 1))
    challenges = Challenges()
    by_second: dict[int, list[tuple[int, int]]] = {}
    for at, sent, answered in moments:
        by_second.setdefault(at, []).append((sent, answered))
    for second in range(400):
        for sent, answered in by_second.get(second, ()):
            challenges.count(tally(sent, answered), START + second, 0.0, settings)
        assert strikes(challenges, START + second, settings) == []


def test_no_false_strike_in_a_million_good_registrations() -> None:
    """2,000 offices of up to 500 phones re-register with an answer after up to 29 s; none of them ever strikes."""
    chance = random.Random(20)  # noqa: S311
    challenges = Challenges()
    answers: dict[int, dict[str, int]] = {}
    done, second = 0, 0
    while done < 1_000_000:
        for _ in range(20):
            office, phones = f"198.51.{chance.randrange(8)}.{chance.randrange(250)}", chance.randrange(1, 500)
            done += phones
            challenges.count(tally(phones, source=office, stream=False), START + second, 0.0, SETTINGS)
            for _ in range(8):
                later = answers.setdefault(second + chance.randrange(ANSWER_TIME), {})
                later[office] = later.get(office, 0) + phones // 8
            later[office] += phones % 8
        for office, count in answers.pop(second, {}).items():
            challenges.count(tally(0, count, source=office, stream=False), START + second, 0.0, SETTINGS)
        assert strikes(challenges, START + second) == []
        second += 1
