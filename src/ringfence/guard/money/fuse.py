"""The fraud fuse at work: charges calls outside while they run; at a critical level suspends whoever it is, ends the
running calls outside and tells people. Emergency and internal calls are none of its business.
"""

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from ringfence.guard.adopted import AdoptedPolicy
from ringfence.guard.clock import Moment
from ringfence.guard.ledger import Ledger
from ringfence.guard.live.calls import Calls, is_emergency
from ringfence.guard.live.standing import MALFORMED
from ringfence.guard.money.spending import KEPT_DAYS, Spending, Suspension
from ringfence.journal.reader import Event
from ringfence.policy.book import Book
from ringfence.policy.events import Kind
from ringfence.policy.outgoing.meter import MINUTE, Meter, OutsideCall, Trip
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
    decode_rate,
    destination,
    judge,
    prefixes,
)
from ringfence.policy.plain import from_plain
from ringfence.store.suspensions import SuspensionWriter

OVER_BUDGET: Final = "Budget used up"
OUTBOUND: Final = "outbound"
LEAST_STEP: Final = 2.0
"""Seconds by which the clock is set, not drawn."""

OF_TRUNK: Final = f"{Owner.TRUNK}:"
_ATTEMPTS: Final = (Kind.CALL_STARTED, Kind.CALL_FORWARDED, Kind.OUTSIDE_RESUMED)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FuseParts:
    """What the fuse works with."""

    policy: AdoptedPolicy
    ledger: Ledger
    calls: Calls
    workers: SuspensionWriter


class Fuse:
    """Fed with the life of every call, asked once a second."""

    def __init__(self, parts: FuseParts, now: float) -> None:
        self._parts = parts
        self._rows = Spending(parts.ledger)
        self._meter = Meter(int(now // DAY))
        self._suspended = {found.owner: found for found in self._rows.suspensions()}
        self._warned: set[tuple[str, str, int]] = set()
        self._budgets: dict[str, Budget] = {}
        self._homes: dict[int, str] = {}
        self._read_of: Book | None = None
        self._day = 0
        self._ahead: float | None = None

    def restore(self, now: float) -> None:
        """What was used before the last stop, and the calls that ran then; puts the suspensions in force."""
        self._recall_day(self._meter.today)
        for started, answered in self._parts.calls.going_on():
            with suppress(*MALFORMED):  # reported when it came in
                self._resume(started, answered)
        for event in self._parts.ledger.latest_events(_ATTEMPTS, now - MINUTE):
            with suppress(*MALFORMED):
                self._recall_attempt(event)
        self._parts.workers.replace_all(self._suspended)

    def _recall_day(self, today: int) -> None:
        for owner, seconds, money in self._rows.spent(today):
            self._meter.recall(owner, seconds, money)
        for owner, name, day in self._rows.destinations():
            self._meter.recall_destination(owner, name, day == today)
        for event in self._parts.ledger.latest_events((Kind.OUTSIDE_RESUMED,), today * DAY):
            self._meter.recall_forgiven(event["owner"], float(event["t"]))
        self._warned |= self._rows.warned(today)

    def _resume(self, started: Event, answered: Event | None) -> None:
        if call := self._outside(started):
            self._meter.resume(call, float(answered.get("answered_at") or answered["t"]) if answered else None)

    def _recall_attempt(self, event: Event) -> None:
        """One call of the last minute; whoever was let call again since has begun anew."""
        if event["kind"] == Kind.OUTSIDE_RESUMED:
            self._meter.forget_attempts(event["owner"])
        elif call := self._outside(event):
            self._meter.attempted(call.owners, float(event["t"]))

    def started(self, event: Event) -> None:
        call = self._outside(event)
        if call is None:
            return
        self._add_destinations(self._meter.begin(call, float(event["t"])))
        self._judge_beginning(call, float(event["t"]))

    def _judge_beginning(self, call: OutsideCall, now: float) -> None:
        """At once: in a second somebody can begin a hundred calls, each of which costs its first minute."""
        for owner in call.owners:
            if owner in self._suspended:
                continue
            used = self._meter.begun(owner, now, international=call.is_international)
            finding = judge(self.budget_of(owner), used)
            if finding is not None and finding.level is Level.CRITICAL:
                self._suspend(Trip(owner, finding), now)

    def answered(self, event: Event) -> None:
        """Over the trunk that it names: the ones before it on the way may have refused the call."""
        answered_at = float(event.get("answered_at") or event["t"])
        if (trunk := event.get("trunk")) and (owners := self._meter.owners(event["call_id"])):
            moved = (*(owner for owner in owners if not owner.startswith(OF_TRUNK)), f"{OF_TRUNK}{int(trunk)}")
            self._add_destinations(self._meter.move(event["call_id"], moved, answered_at))
        self._meter.answer(event["call_id"], answered_at)

    def _add_destinations(self, found: list[tuple[str, str]]) -> None:
        for owner, name in found:
            self._rows.add_destination(owner, name, self._meter.today)

    def ended(self, event: Event) -> dict[str, Any]:
        """What the call came to, for its record; nothing of a call inside."""
        found = self._meter.end(event["call_id"], float(event.get("ended_at") or event["t"]))
        if found is None:
            return {}
        call, whole, today = found
        for owner, part in today.items():
            if part.seconds:
                self._rows.add(owner, self._meter.today, part.seconds, part.money)
        return {"cost": whole.money, "rate": call.rate.name, "destination": call.destination}

    def tell_judged(self, until: float) -> None:
        """All that the journal held at this monotonic time is charged: workers may judge the next call of its payer."""
        self._parts.workers.tell_judged(until)

    def keep_time(self, at: Moment) -> None:
        """When somebody set the clock, nothing that runs is charged for the step, or goes free for as long; nor is it
        held lost, or its record longer.
        """
        ahead = at.wall - at.boot
        step = ahead - (ahead if self._ahead is None else self._ahead)
        self._ahead = ahead
        if abs(step) > LEAST_STEP:
            self._meter.shift(step)
            self._parts.calls.keep_time(step)

    def tick(self, now: float) -> list[str]:
        """What is over its budget now: warns, suspends. Returns the calls to end: all of whoever is suspended, for one
        that still rings cannot be ended before it is answered.
        """
        self._turn_day(int(now // DAY))
        for trip in list(self._meter.trips(now, self.budget_of)):
            if trip.owner in self._suspended:
                continue
            if trip.finding.level is Level.CRITICAL:
                self._suspend(trip, now)
            else:
                self._warn(trip, now)
        return self._meter.running(*self._suspended)

    def lift(self, owner: str, by: str, now: float) -> bool:
        """Lets somebody call outside again, with the whole budget of a day. False if nobody was suspended."""
        suspension = self._suspended.pop(owner, None)
        if suspension is None:
            return False
        self._meter.forgive(owner, now)
        self._rows.forgive(owner, self._meter.today)
        self._rows.resume(owner)
        self._warned = {item for item in self._warned if item[0] != owner}
        self._parts.workers.replace_all(self._suspended)
        self._parts.ledger.note(now, Kind.OUTSIDE_RESUMED, {**self._about(owner), "by": by})
        return True

    def suspend(self, owner: str, by: str, now: float) -> list[str]:
        """The same by hand. Returns the calls to end."""
        self._note(Suspension(owner, now, "manual", {"by": by}), now)
        return self._meter.running(owner)

    def listing(self) -> list[dict[str, Any]]:
        return [
            {**self._about(found.owner), "since": found.since, "measure": found.measure, "evidence": found.evidence}
            for found in self._suspended.values()
        ]

    def usage(self, owner: str, now: float) -> dict[str, Any]:
        """What somebody used today, in the units of a budget."""
        used = self._meter.usage(owner, now)
        return {
            Measure.MINUTES.value: round(used.seconds / 60, 2),
            Measure.MONEY.value: used.money / MILLION,
            Measure.CALLS.value: used.calls,
            Measure.DESTINATIONS.value: used.destinations,
            Measure.PARALLEL.value: used.parallel,
        }

    def budget_of(self, owner: str) -> Budget:
        """The own budget, or that of all of its kind, or the default. One that cannot be read is the default."""
        self._forget_older()
        found = self._budgets.get(owner)
        if found is None:
            found = self._budgets[owner] = self._read_budget(owner)
        return found

    def _forget_older(self) -> None:
        """What was read of an older policy."""
        if self._read_of is not self._parts.policy.book:
            self._read_of, self._budgets, self._homes = self._parts.policy.book, {}, {}

    def _read_budget(self, owner: str) -> Budget:
        kind, _, _name = owner.partition(":")
        for key in (f"budget/{owner}", f"budget/{kind}"):
            raw = self._parts.policy.lookup(key)
            if raw is None:
                continue
            try:
                budget: Budget = from_plain(Budget, json.loads(raw))
            except (ValueError, KeyError, TypeError) as error:
                log.error("budget %s cannot be read: %s", key, error)
                break
            return budget
        return DEFAULTS[Owner(kind)]

    def _suspend(self, trip: Trip, now: float) -> None:
        finding = trip.finding
        evidence = {"used": _shown(finding.measure, finding.used), "limit": _shown(finding.measure, finding.limit)}
        self._note(Suspension(trip.owner, now, finding.measure.value, evidence), now)

    def _note(self, suspension: Suspension, now: float) -> None:
        self._suspended[suspension.owner] = suspension
        self._rows.suspend(suspension)
        self._parts.workers.replace_all(self._suspended)
        told = {"measure": suspension.measure, **suspension.evidence}
        self._parts.ledger.note(now, Kind.OUTSIDE_SUSPENDED, {**self._about(suspension.owner), **told})
        log.warning("outside calls of %s are suspended: %s", suspension.owner, told)

    def _warn(self, trip: Trip, now: float) -> None:
        """Once a day for each measure of an owner, whatever is killed meanwhile."""
        finding = trip.finding
        key = (trip.owner, finding.measure.value, self._meter.today)
        if key in self._warned:
            return
        self._warned.add(key)
        self._rows.warn(*key)
        told = {
            "measure": finding.measure.value,
            "used": _shown(finding.measure, finding.used),
            "limit": _shown(finding.measure, finding.limit),
        }
        self._parts.ledger.note(now, Kind.BUDGET_WARNED, {**self._about(trip.owner), **told})

    def _about(self, owner: str) -> dict[str, Any]:
        """Whom it concerns. A shared trunk's concern is nobody's but those above the tenants."""
        kind, _, name = owner.partition(":")
        tenants = {tenant.domain: tenant.id for tenant in self._parts.policy.book.tenants}
        tenant_id: int | None = None
        if kind == Owner.EXTENSION:
            tenant_id = tenants.get(name.partition("@")[2])
        elif kind == Owner.TENANT:
            tenant_id = int(name)
        return {"owner": owner, "tenant_id": tenant_id}

    def _outside(self, event: Event) -> OutsideCall | None:
        """The call if it leaves the system and is no emergency call."""
        if event.get("direction") != OUTBOUND or is_emergency(event):
            return None
        number = str(event.get("number") or "")
        country = destination(number)
        trunk = int(event.get("trunk") or 0)
        tenant = int(event["tenant_id"])
        owners = (f"extension:{event['payer']}", f"tenant:{tenant}", f"{OF_TRUNK}{trunk}")
        is_abroad = country not in ("", self._home(tenant, trunk))
        return OutsideCall(event["call_id"], owners, self._rate(number), country, is_abroad)

    def _home(self, tenant: int, trunk: int) -> str:
        """The tenant's own country code, or else the trunk's; "" if nobody knows it: then every country is abroad."""
        self._forget_older()
        if tenant not in self._homes:
            self._homes[tenant] = _calling_code(self._parts.policy.lookup(f"plan/{tenant}"))
        trunks = self._parts.policy.book.trunks
        return self._homes[tenant] or next((one.country_code for one in trunks if one.id == trunk), "")

    def _rate(self, number: str) -> Rate:
        """The rate of the longest prefix; a number without one costs nothing that is known."""
        for prefix in prefixes(number):
            raw = self._parts.policy.lookup(f"rate/{prefix}")
            if raw is not None:
                try:
                    return decode_rate(raw)
                except ValueError:
                    log.error("rate %s cannot be read", prefix)
        return FREE

    def _turn_day(self, day: int) -> None:
        """Back too: the clock may have been ahead, or have begun in 1970. What a day has used stands in the ledger."""
        if day == self._day == self._meter.today:
            return
        self._day = day
        self._meter.turn_day(day)
        if not self._parts.ledger.pending:
            self._recall_day(day)
        self._warned = {item for item in self._warned if item[2] == day}
        self._rows.forget_before(day - KEPT_DAYS)


def _calling_code(plan: bytes | None) -> str:
    """The country code in a tenant's plan for calls to the outside; "" if there is none."""
    try:
        return str(json.loads(plan)["settings"]["numbers"]["calling_code"]) if plan else ""
    except (ValueError, KeyError, TypeError):
        return ""


def _shown(measure: Measure, value: float) -> float:
    """Money in whole units."""
    return round(value / MILLION if measure is Measure.MONEY else value, 2)
