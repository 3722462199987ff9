"""The fraud fuse at work (attack case 111): charged while calls run, stopped at the budget, kept through restarts."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.guard.clock import Moment
from ringfence.guard.live.standing import write_snapshot
from ringfence.guard.service import Service
from ringfence.hosts.paths import Paths
from ringfence.policy.book import Book, Tenant
from ringfence.policy.outgoing.spend import DAY, MILLION, Rate, encode_rate
from ringfence.store.suspensions import SuspensionReader
from ringfence.store.writer import Lookups, PolicyWriter

from .workshop import OPENED, guard, line, write_journal

ANN = "extension:101@acme.example"
BOOK = Book(tenants=(Tenant(1, "Acme", "acme.example"),), own_hosts=(), default_domain="acme.example")


def publish(home: Path, **lookups: Any) -> None:
    for service in OPENED:
        service.parts.policy.close()
    store = PolicyWriter(home / "policy")
    found = [(key, json.dumps(value).encode() if isinstance(value, dict) else value) for key, value in lookups.items()]
    named = [(key.replace("__", "/").replace("_at_", "@").replace("_of_", ":"), value) for key, value in found]
    store.publish(BOOK, lookups=Lookups(put=named))
    store.close()


def outside(call_id: str, number: str = "+25261234", **more: Any) -> bytes:
    fields = {
        "direction": "outbound",
        "caller": "101@acme.example",
        "payer": "101@acme.example",
        "tenant_id": 1,
        "number": number,
        "trunk": 5,
    }
    return line("call.started", call_id=call_id, **{**fields, **more})


def answered(call_id: str, ago: float = 0.0, trunk: int = 5) -> bytes:
    told = {"tenant_id": 1, "answered_at": time.time() - ago, "dialog": [3, 4], "media": True, "trunk": trunk}
    return line("call.answered", call_id=call_id, **told)


def ended(call_id: str) -> bytes:
    return line("call.ended", call_id=call_id, tenant_id=1, ended_at=time.time(), code=200, reason="Normal")


def started(home: Path, *lines: bytes) -> Service:
    write_journal(home, *lines)
    for earlier in OPENED:
        earlier.parts.policy.close()  # LMDB allows one environment in a process
    service = guard(home)
    service.start()
    while service.consume():
        pass
    return service


def events(service: Service, kind: str) -> list[dict[str, Any]]:
    service.commit()
    return service.parts.ledger.events_since(0, (kind,), 100)


def workers_refuse(home: Path, owner: str = ANN) -> bool:
    return SuspensionReader(home / "run" / "suspensions").holds_one_of([owner], time.monotonic())


def test_a_running_call_is_ended_when_its_minutes_are_used_up(tmp_path: Path) -> None:
    publish(tmp_path, budget__extension={"minutes_per_day": 10})
    service = started(tmp_path, outside("c1"), answered("c1", 60))
    assert service.fuse_calls() == []
    assert not workers_refuse(tmp_path)
    write_journal(tmp_path, outside("c2"), answered("c2", 570))
    service.consume()
    assert sorted(service.fuse_calls()) == ["c1", "c2"]
    assert workers_refuse(tmp_path)
    told = events(service, "outside.suspended")[0]
    assert (told["owner"], told["measure"], told["limit"], told["tenant_id"]) == (ANN, "minutes_per_day", 10, 1)


def test_calls_inside_inbound_and_to_emergency_numbers_are_not_metered(tmp_path: Path) -> None:
    publish(tmp_path, budget__extension={"minutes_per_day": 1})
    calls = [
        outside("c1", direction=""), outside("c2", direction="inbound"), outside("c3", "112", emergency=True),
        outside("c4", "112", rule="outbound.emergency"),
    ]  # fmt: skip
    service = started(tmp_path, *calls, *(answered(f"c{number}", 3600) for number in (1, 2, 3, 4)))
    assert service.fuse_calls() == []
    assert not workers_refuse(tmp_path)


def test_the_record_says_what_the_call_cost_by_the_longest_prefix(tmp_path: Path) -> None:
    rates = {"rate__252": encode_rate(Rate("Somalia", 600_000)), "rate__25261": encode_rate(Rate("Mobile", 900_000))}
    publish(tmp_path, **rates)
    service = started(tmp_path, outside("c1"), answered("c1", 61), ended("c1"))
    record = events(service, "call.ended")[0]
    assert (record["cost"], record["rate"], record["destination"]) == (1_800_000, "Mobile", "252")


def test_money_stops_a_call_before_the_increment_that_would_exceed_it(tmp_path: Path) -> None:
    publish(
        tmp_path,
        **{"rate__252": encode_rate(Rate("Somalia", 3 * MILLION)), "budget__extension_of_101_at_acme.example":
           {"money_per_day": 10 * MILLION}},
    )  # fmt: skip
    service = started(tmp_path, outside("c1"), answered("c1", 100))
    assert service.fuse_calls() == []
    write_journal(tmp_path, outside("c2"), answered("c2", 59))
    service.consume()
    assert sorted(service.fuse_calls()) == ["c1", "c2"]


def test_what_was_spent_and_who_is_suspended_survive_a_kill(tmp_path: Path) -> None:
    publish(tmp_path, budget__extension={"minutes_per_day": 10})
    service = started(tmp_path, outside("c1"), answered("c1", 400), ended("c1"))
    service.commit()
    service = started(tmp_path, outside("c2"), answered("c2", 100))
    assert 8.2 < service.parts.fuse.usage(ANN, time.time())["minutes_per_day"] < 8.6
    service.commit()
    service = started(tmp_path, outside("c3"), answered("c3", 130))
    assert "c3" in service.fuse_calls()
    service.commit()
    again = started(tmp_path)
    assert [item["owner"] for item in again.parts.fuse.listing()] == [ANN]
    assert workers_refuse(tmp_path)


def test_a_call_is_charged_once_though_its_end_is_read_twice(tmp_path: Path) -> None:
    """Killed before the commit, the guard reads the same lines again."""
    publish(tmp_path)
    lines = (outside("c1"), answered("c1", 120), ended("c1"))
    first = started(tmp_path, *lines)
    assert first.parts.fuse.usage(ANN, time.time())["minutes_per_day"] == 2
    second = started(tmp_path)
    assert second.parts.fuse.usage(ANN, time.time())["minutes_per_day"] == 2


def test_a_call_that_ended_just_before_a_snapshot_is_charged_after_a_kill(tmp_path: Path) -> None:
    """What the snapshot leaves out has to be in the ledger, or the end of the call is read again and means nothing."""
    publish(tmp_path)
    service = started(tmp_path, outside("c1"), answered("c1", 120))
    service.commit()
    write_journal(tmp_path, ended("c1"))
    service.consume()
    taken = service.snapshot()
    assert taken is not None
    asyncio.run(write_snapshot(Paths(tmp_path, tmp_path / "run").guard, *taken, time.time()))
    assert started(tmp_path).parts.fuse.usage(ANN, time.time())["minutes_per_day"] == 2


def test_lifting_begins_the_budget_anew_and_is_told(tmp_path: Path) -> None:
    publish(tmp_path, budget__extension={"calls_per_minute": 2})
    service = started(tmp_path, outside("c1"), outside("c2"), outside("c3"), ended("c1"), ended("c2"), ended("c3"))
    service.fuse_calls()
    assert workers_refuse(tmp_path)
    assert service.parts.fuse.lift(ANN, "admin", time.time())
    assert not service.parts.fuse.lift(ANN, "admin", time.time())
    assert service.fuse_calls() == []
    assert not workers_refuse(tmp_path)
    assert events(service, "outside.resumed")[0]["by"] == "admin"


def test_a_call_that_runs_when_its_owner_is_let_call_again_counts_from_then_on(tmp_path: Path) -> None:
    """The budget of the day begins anew, also after a kill and when that call has ended (attack case 111)."""
    publish(tmp_path, budget__extension={"minutes_per_day": 10}, rate__252=encode_rate(Rate("Somalia", MILLION)))
    service = started(tmp_path, outside("c1"), answered("c1", 590), outside("c2"), answered("c2", 30))
    assert sorted(service.fuse_calls()) == ["c1", "c2"]
    assert service.parts.fuse.lift(ANN, "admin", time.time())
    assert service.fuse_calls() == []
    assert not workers_refuse(tmp_path)
    service.commit()
    service = started(tmp_path)
    assert service.fuse_calls() == []
    used = service.parts.fuse.usage(ANN, time.time())
    assert used["minutes_per_day"] < 0.2
    assert used["money_per_day"] <= 2
    assert service.parts.fuse.usage("tenant:1", time.time())["minutes_per_day"] > 10
    write_journal(tmp_path, ended("c1"))
    service.consume()
    service.commit()
    service = started(tmp_path)
    assert service.parts.fuse.usage(ANN, time.time())["minutes_per_day"] < 0.2
    assert service.parts.fuse.usage("tenant:1", time.time())["minutes_per_day"] > 10


def test_who_is_suspended_has_a_call_ended_that_is_answered_later(tmp_path: Path) -> None:
    """One that rings cannot be hung up on; the others being gone, nothing is over its budget any more."""
    publish(tmp_path, budget__extension={"parallel_international": 2})
    service = started(tmp_path, outside("c1"), outside("c2"), outside("c3"))
    assert sorted(service.fuse_calls()) == ["c1", "c2", "c3"]
    write_journal(tmp_path, ended("c1"), ended("c2"), answered("c3"))
    service.consume()
    assert service.parts.fuse.usage(ANN, time.time())["parallel_international"] == 1
    assert service.fuse_calls() == ["c3"]


@pytest.mark.parametrize("measure", ["calls_per_minute", "parallel_international", "new_destinations_per_day"])
def test_too_many_calls_suspend_before_the_second_is_over(tmp_path: Path, measure: str) -> None:
    """A storm of calls would cost as many first minutes as fit into the time until the fuse is asked."""
    publish(tmp_path, budget__extension={measure: 3})
    numbers = ("+25261234", "+96012345", "+46701234", "+33123456")
    service = started(tmp_path, *(outside(number, number) for number in numbers[:3]))
    assert not workers_refuse(tmp_path)
    write_journal(tmp_path, outside("c4", numbers[3]))
    service.consume()
    assert workers_refuse(tmp_path)
    service.fuse_calls()
    (told,) = events(service, "outside.suspended")
    assert (told["measure"], told["used"], told["limit"]) == (measure, 4, 3)


def test_money_is_promised_by_the_calls_that_are_on_their_way(tmp_path: Path) -> None:
    """Twenty calls begun at once, all answered a moment later, would pass the budget by their first minutes."""
    rate = encode_rate(Rate("Somalia", 2 * MILLION, 0, 60, 60))
    publish(tmp_path, budget__extension={"money_per_day": 10 * MILLION}, rate__252=rate)
    service = started(tmp_path, *(outside(f"c{one}") for one in range(3)), outside("c4"), ended("c4"), outside("c5"))
    assert not workers_refuse(tmp_path), "four are on their way, one did not come about"
    write_journal(tmp_path, outside("c6"))
    service.consume()
    assert workers_refuse(tmp_path)
    service.fuse_calls()
    (told,) = events(service, "outside.suspended")
    assert (told["measure"], told["used"], told["limit"]) == ("money_per_day", 10, 10)


def test_the_calls_of_the_last_minute_survive_a_kill_unless_somebody_lifted(tmp_path: Path) -> None:
    publish(tmp_path, budget__extension={"calls_per_minute": 2})
    service = started(tmp_path, outside("c1"), outside("c2"), ended("c1"), ended("c2"))
    service.commit()
    service = started(tmp_path, outside("c3"), ended("c3"))
    assert service.parts.fuse.usage(ANN, time.time())["calls_per_minute"] == 3
    service.fuse_calls()
    assert workers_refuse(tmp_path)
    assert service.parts.fuse.lift(ANN, "admin", time.time())
    service.commit()
    assert started(tmp_path).parts.fuse.usage(ANN, time.time())["calls_per_minute"] == 0


def test_an_event_that_lacks_its_payer_does_not_keep_the_guard_from_starting(tmp_path: Path) -> None:
    publish(tmp_path)
    broken = {"direction": "outbound", "tenant_id": 1, "number": "+25261234", "trunk": 5}
    started(tmp_path, line("call.started", call_id="c1", **broken), outside("c2")).commit()
    assert started(tmp_path).parts.fuse.usage(ANN, time.time())["calls_per_minute"] == 1


def test_a_call_that_another_trunk_took_counts_for_that_trunk_also_after_a_kill(tmp_path: Path) -> None:
    publish(tmp_path)
    service = started(tmp_path, outside("c1"), answered("c1", 60, trunk=6))
    service.commit()
    for one in (service, started(tmp_path)):
        used = [one.parts.fuse.usage(f"trunk:{trunk}", time.time()) for trunk in (5, 6)]
        assert [round(item["minutes_per_day"], 1) for item in used] == [0, 1]
        assert used[1]["parallel_international"] == used[1]["new_destinations_per_day"] == 1
        assert one.parts.standing.calls.listing()[0]["trunk"] == 6


@pytest.mark.parametrize("step", [7_200, -7_200])
def test_nobody_pays_for_a_clock_that_is_set_and_no_call_goes_free(tmp_path: Path, step: float) -> None:
    """Attack case 122."""
    publish(tmp_path, budget__extension={"minutes_per_day": 30, "calls_per_minute": 3})
    noon = time.time() // DAY * DAY + DAY / 2
    service = started(tmp_path, *(outside(f"c{one}", "+25261234", t=noon) for one in range(3)))
    write_journal(tmp_path, line("call.answered", call_id="c1", tenant_id=1, answered_at=noon, dialog=[3, 4]))
    service.consume()
    fuse = service.parts.fuse
    fuse.keep_time(Moment(noon + 60, 1_000))
    fuse.tick(noon + 60)
    fuse.keep_time(Moment(noon + 61 + step, 1_001))
    assert fuse.tick(noon + 61 + step) == []
    assert fuse.usage(ANN, noon + 61 + step)["minutes_per_day"] == 1.02
    assert fuse.usage(ANN, noon + 61 + step)["calls_per_minute"] == 0


@pytest.mark.parametrize("step", [7_200, -7_200, 56 * 365 * DAY])
def test_a_clock_that_is_set_makes_no_record_longer_and_no_call_lost(tmp_path: Path, step: float) -> None:
    """Attack case 122: an hour of network time was an hour of talk in the record; years made the call a lost one."""
    service, now = started(tmp_path, outside("c1", t=1_000.0)), 1_060.0
    write_journal(
        tmp_path, line("call.answered", call_id="c1", tenant_id=1, t=1_000.0, answered_at=1_000.0, dialog=[3, 4])
    )
    service.consume()
    fuse, calls = service.parts.fuse, service.parts.standing.calls
    fuse.keep_time(Moment(now, 1_000))
    fuse.keep_time(Moment(now + step + 1, 1_001))
    assert calls.expire(now + step + 1) == []
    told = {"call_id": "c1", "started_at": 1_000.0, "answered_at": 1_000.0, "ended_at": now + step + 1}
    dated = {**told, **calls.dated(told)}
    assert dated["ended_at"] - dated["answered_at"] == pytest.approx(61)
    assert dated["started_at"] == dated["answered_at"]
    assert calls.listing()[0]["answered_at"] == dated["answered_at"]


def test_a_day_that_comes_again_has_used_what_it_had(tmp_path: Path) -> None:
    """The clock was ahead over midnight, or begins in 1970 at boot (attack case 122)."""
    publish(tmp_path, budget__extension={"minutes_per_day": 10})
    service = started(tmp_path, outside("c1"), answered("c1", 400), ended("c1"))
    service.commit()
    fuse, now = service.parts.fuse, time.time()
    for other in (now + DAY, 0.0):
        fuse.tick(other)
        service.commit()
        assert fuse.usage(ANN, other)["minutes_per_day"] == 0
        fuse.tick(now)
        service.commit()
        used = fuse.usage(ANN, now)
        assert (round(used["minutes_per_day"], 1), used["new_destinations_per_day"]) == (6.7, 1)


def test_a_warning_is_told_once(tmp_path: Path) -> None:
    publish(tmp_path, budget__extension={"minutes_per_day": 10})
    service = started(tmp_path, outside("c1"), answered("c1", 500))
    for _ in range(3):
        assert service.fuse_calls() == []
    assert len(events(service, "budget.warned")) == 1


def test_a_warning_is_told_once_whatever_is_killed_until_the_budget_begins_anew(tmp_path: Path) -> None:
    """Attack case 111: a restart tells, and mails, nobody anew; whoever was let call again may be warned again."""
    publish(tmp_path, budget__extension={"minutes_per_day": 10})
    service = started(tmp_path, outside("c1"), answered("c1", 500))
    service.fuse_calls()
    assert len(events(service, "budget.warned")) == 1
    service = started(tmp_path)
    service.fuse_calls()
    assert len(events(service, "budget.warned")) == 1
    service = started(tmp_path, ended("c1"))
    service.parts.fuse.suspend(ANN, "me", time.time())
    service.parts.fuse.lift(ANN, "me", time.time() - 501)
    service.commit()
    service = started(tmp_path, outside("c2"), answered("c2", 500))
    service.fuse_calls()
    assert len(events(service, "budget.warned")) == 2


def test_a_budget_that_cannot_be_read_is_the_default_and_none_is_too(tmp_path: Path) -> None:
    publish(tmp_path, budget__extension=b"{broken")
    service = started(tmp_path)
    assert service.parts.fuse.budget_of(ANN).minutes_per_day == 300
    assert service.parts.fuse.budget_of("tenant:1").minutes_per_day == 3_000


def test_a_call_within_the_own_country_is_no_international_one(tmp_path: Path) -> None:
    """Home is what the tenant's number plan says."""
    plan = {"settings": {"numbers": {"calling_code": "49"}}}
    publish(tmp_path, plan__1=plan, budget__extension={"parallel_international": 1})
    service = started(tmp_path, outside("c1", "+4930123"), outside("c2", "+4989123"), outside("c3", "+33123"))
    assert service.parts.fuse.usage(ANN, time.time())["parallel_international"] == 1
    assert service.fuse_calls() == []
