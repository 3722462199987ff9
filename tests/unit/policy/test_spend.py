"""The fraud fuse: a stolen password costs at most the budget of a day (attack case 111)."""

import random

import pytest

from ringfence.policy.outgoing.meter import Meter, OutsideCall
from ringfence.policy.outgoing.spend import (
    DAY,
    DEFAULTS,
    FREE,
    MILLION,
    Budget,
    Level,
    Measure,
    Owner,
    Rate,
    Usage,
    decode_rate,
    encode_rate,
    judge,
)

ANN = "extension:101@a.example"
PREMIUM = Rate("Somalia", 900_000, fee=100_000, first=60, each=60)
SATURDAY = 20_000 * DAY + 3 * 3600.0


def outside(call_id: str, country: str = "252", rate: Rate = PREMIUM) -> OutsideCall:
    return OutsideCall(call_id, (ANN, "tenant:1", "trunk:5"), rate, country, True)


@pytest.mark.parametrize(
    ("seconds", "cost"), [(0, 0), (0.1, 1_000_000), (60, 1_000_000), (60.1, 1_900_000), (3600, 54_100_000)]
)
def test_a_call_costs_its_fee_and_each_begun_increment(seconds: float, cost: int) -> None:
    assert PREMIUM.cost(seconds) == cost


def test_a_rate_survives_the_store() -> None:
    assert decode_rate(encode_rate(PREMIUM)) == PREMIUM


@pytest.mark.parametrize(
    ("usage", "level", "measure"),
    [
        (Usage(seconds=240 * 60), Level.WARNING, Measure.MINUTES),
        (Usage(seconds=300 * 60), Level.CRITICAL, Measure.MINUTES),
        (Usage(money=20 * MILLION), Level.CRITICAL, Measure.MONEY),
        (Usage(destinations=6), Level.CRITICAL, Measure.DESTINATIONS),
        (Usage(destinations=5), Level.WARNING, Measure.DESTINATIONS),
        (Usage(parallel=2), Level.WARNING, Measure.PARALLEL),
        (Usage(parallel=3), Level.CRITICAL, Measure.PARALLEL),
        (Usage(calls=11), Level.CRITICAL, Measure.CALLS),
    ],
)
def test_each_measure_warns_and_then_trips(usage: Usage, level: Level, measure: Measure) -> None:
    found = judge(DEFAULTS[Owner.EXTENSION], usage)
    assert found is not None
    assert (found.level, found.measure) == (level, measure)


def test_nothing_used_is_no_finding_even_at_a_budget_of_nothing() -> None:
    assert judge(DEFAULTS[Owner.EXTENSION], Usage()) is None
    assert judge(Budget(), Usage(10**9, 10**12, 999, 99, 99)) is None
    assert judge(Budget(enabled=False, minutes_per_day=1), Usage(seconds=9e9)) is None


def test_a_replayed_weekend_attack_stays_inside_the_budget() -> None:
    """From Saturday 03:00 for two days somebody calls expensive numbers as fast as the PBX lets him; each second the
    meter is asked as the guard asks it. Without the fuse it would have been more than a million.
    """
    chance = random.Random(7)  # noqa: S311 a replay, not a secret
    meter, budget = Meter(int(SATURDAY // DAY)), DEFAULTS[Owner.EXTENSION]
    spent: dict[int, int] = {}
    suspended, calls, now = False, 0, SATURDAY
    while now < SATURDAY + 2 * DAY:
        if not suspended and chance.random() < 0.3:
            calls += 1
            meter.begin(outside(f"c{calls}", chance.choice(("252", "960", "4670"))), now)
            meter.answer(f"c{calls}", now)
        if not suspended and any(trip.finding.level is Level.CRITICAL for trip in meter.trips(now, lambda _: budget)):
            suspended = True
            for call_id in meter.running(ANN):
                ended = meter.end(call_id, now + 1)
                assert ended is not None
                spent[int(now // DAY)] = spent.get(int(now // DAY), 0) + ended[1].money
        now += 1 if not suspended else 600
    assert suspended
    assert sum(spent.values()) <= budget.money_per_day  # type: ignore[operator]


def test_one_long_call_stops_before_the_increment_that_would_exceed_the_budget() -> None:
    meter, budget = Meter(int(SATURDAY // DAY)), Budget(money_per_day=10 * MILLION)
    meter.begin(outside("c"), SATURDAY)
    meter.answer("c", SATURDAY)
    now = SATURDAY
    while not any(trip.finding.level is Level.CRITICAL for trip in meter.trips(now, lambda _: budget)):
        now += 1
    ended = meter.end("c", now + 1)
    assert ended is not None
    assert 9 * MILLION < ended[1].money <= 10 * MILLION


def test_a_call_that_rings_counts_with_its_first_increment_beside_what_runs() -> None:
    meter, budget = Meter(int(SATURDAY // DAY)), Budget(money_per_day=3 * MILLION)
    meter.begin(outside("runs"), SATURDAY)
    meter.answer("runs", SATURDAY)
    assert not [trip for trip in meter.trips(SATURDAY + 70, lambda _: budget) if trip.finding.level is Level.CRITICAL]
    meter.begin(outside("rings"), SATURDAY + 70)
    assert meter.usage(ANN, SATURDAY + 71).money == PREMIUM.cost(71), "nobody owes anything for it yet"
    assert {trip.finding.used for trip in meter.trips(SATURDAY + 71, lambda _: budget)} == {2_900_000}
    meter.begin(outside("also"), SATURDAY + 71)
    assert {trip.finding.level for trip in meter.trips(SATURDAY + 71, lambda _: budget)} == {Level.CRITICAL}
    meter.end("also", SATURDAY + 72)
    meter.end("rings", SATURDAY + 72)
    assert meter.begun(ANN, SATURDAY + 72, international=True).money == PREMIUM.cost(1)


def test_a_call_over_midnight_charges_each_day_its_part_and_no_increment_twice() -> None:
    midnight = 20_001 * DAY
    meter = Meter(20_000)
    meter.begin(outside("c"), midnight - 90)
    meter.answer("c", midnight - 90)
    assert meter.usage(ANN, midnight - 1).money == PREMIUM.cost(89)
    ended = meter.end("c", midnight + 100)
    assert ended is not None
    _, whole, today = ended
    assert whole.money == PREMIUM.cost(190)
    assert {part.money for part in today.values()} == {PREMIUM.cost(190) - PREMIUM.cost(90)}
    assert meter.usage(ANN, midnight + 100).seconds == 100


def test_what_ran_and_was_used_before_a_restart_still_counts() -> None:
    meter = Meter(20_000)
    meter.recall(ANN, 600, 5 * MILLION)
    meter.recall_destination(ANN, "252", is_new=True)
    meter.resume(outside("c", rate=FREE), 20_000 * DAY)
    assert meter.usage(ANN, 20_000 * DAY + 60) == Usage(660, 5 * MILLION, 0, 1, 1)
    assert meter.begin(outside("d"), 20_000 * DAY + 61) == [("tenant:1", "252"), ("trunk:5", "252")]


def test_a_lifted_suspension_begins_the_day_anew_but_knows_the_destinations() -> None:
    meter = Meter(20_000)
    meter.begin(outside("c"), 20_000 * DAY)
    meter.answer("c", 20_000 * DAY)
    meter.end("c", 20_000 * DAY + 600)
    meter.forgive(ANN, 20_000 * DAY + 600)
    assert meter.usage(ANN, 20_000 * DAY + 601) == Usage()
    assert ANN not in dict(meter.begin(outside("d"), 20_000 * DAY + 602))


def test_whoever_is_let_call_again_pays_for_a_running_call_from_then_on_and_nobody_else_does() -> None:
    """Attack case 111; also when the clock is set meanwhile, and until the day is over."""
    begun = 20_000 * DAY
    meter = Meter(20_000)
    meter.begin(outside("c"), begun)
    meter.answer("c", begun)
    meter.forgive(ANN, begun + 90)
    assert meter.usage(ANN, begun + 100).seconds == 10
    assert meter.usage(ANN, begun + 100).money == PREMIUM.cost(100) - PREMIUM.cost(90)
    assert meter.usage("tenant:1", begun + 100).seconds == 100
    meter.shift(3600)
    assert meter.usage(ANN, begun + 3700).seconds == 10
    meter.recall_forgiven(ANN, begun - 10)
    assert meter.usage(ANN, begun + 3700).seconds == 10, "a day that is over forgives nothing"
    meter.turn_day(20_001)
    assert meter.usage(ANN, begun + DAY + 60).seconds == 60


def test_a_national_call_is_no_new_destination() -> None:
    meter = Meter(20_000)
    call = OutsideCall("c", (ANN,), FREE, "49", is_international=False)
    assert meter.begin(call, 20_000 * DAY) == []
    assert meter.usage(ANN, 20_000 * DAY).parallel == 0
