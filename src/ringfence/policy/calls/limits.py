"""How many calls may be up at once (reference: "Maximum Concurrent Call Limits").

Every limit is a whole number; None is no limit (but see `MOST_MADE`) and 0 is no call at all. Calls in both directions
count, from the first INVITE to the end. An emergency call is counted and never refused: it always finds a channel.
"""

from typing import Final, NamedTuple

from ringfence.policy.book import Subscriber, Tenant
from ringfence.policy.model import Refuse

HELD: Final = "counted"
"""The dialog variable with the keys of the counters a call holds."""

LONGEST_CALL_MINUTES: Final = 240
"""Every call ends after this, whatever a tenant's own limit is."""

MOST_CALLS: Final = 1_000_000

CARRIED: Final = 4_000
"""Calls that the media relay carries (its `max-sessions`)."""
MOST_CARRIED: Final = CARRIED - CARRIED // 10
"""So many it carries of all, and the rest is kept for calls for help (issue 5, "Limits")."""

MOST_ROUNDS: Final = 10
"""So many calls of one caller may ring at once on one forward to the outside. More are one call that goes round over
the telephone network: two numbers that forward to each other, where no header tells it (attack case 41)."""

MOST_MADE: Final = 30
"""An extension without a limit of its own that has so many calls makes no further one: many more than anybody makes who
sits at a telephone, and so few that one stolen password takes nobody else the lines. Calls to it, and those that it
forwards, as to a call centre, are as many as come.
"""

OF_EXTENSION: Final = "extension:"
OF_PAYER: Final = "pays:"
"""Calls that an extension only forwarded or transferred: they count against its limit, and it takes part in none."""
OF_CIRCLE: Final = "circle:"
OF_RELAY: Final = "relay"
NO_ROOM: Final = Refuse("limits.relay", 480, "All Lines Busy")
"""To everything but a call for help, while the media relay has nothing but its reserve left."""
GOES_ROUND: Final = Refuse("forward.circle", 482, "Loop Detected")

CAUSES: Final = {
    403: 'Q.850;cause=21;text="Call rejected"',
    482: 'Q.850;cause=25;text="Exchange routing error"',
    480: 'Q.850;cause=34;text="No circuit available"',
    486: 'Q.850;cause=17;text="User busy"',
}
"""What a refused caller is told beside the code (RFC 3326, RFC 6432). Never 503: a phone that obeys RFC 3261 section
21.5.4 would take the whole system for broken and stop registering."""


class Extent(NamedTuple):
    """How many calls of one trunk may be up, in all and of one tenant."""

    trunk_id: int
    total: int | None = None
    of_tenant: int | None = None


class CallFacts(NamedTuple):
    """A call about to be sent: whose tenant, which extensions take part (who calls first), over which trunk.

    `called` is the extension that is rung, if it is one; `payer` who forwarded or transferred the call, if it was not
    the caller. `suspendable` says that it leaves the system; `came_by` is the trunk it came in by; `circle` is who
    forwards whose call to which number outside, while that rings.
    """

    tenant: Tenant
    caller: Subscriber | None = None
    called: Subscriber | None = None
    trunk: Extent | None = None
    emergency: bool = False
    suspendable: bool = False
    payer: Subscriber | None = None
    came_by: Extent | None = None
    circle: str = ""


class Counter(NamedTuple):
    """One counter the call is counted in: its key, its limit, and what the caller hears when it is full."""

    key: str
    limit: int | None
    full: Refuse


def counters(call: CallFacts) -> tuple[Counter, ...]:
    """Every counter of a call, the narrowest first. One that leaves over the trunk it came by takes two lines there.

    >>> [one.key for one in counters(CallFacts(Tenant(3, "A", "a.example"), trunk=Extent(5)))]
    ['trunk:5:tenant:3', 'trunk:5', 'tenant:3', 'relay']
    """
    found: dict[str, Counter] = {}
    if call.circle:
        found[call.circle] = Counter(call.circle, MOST_ROUNDS, GOES_ROUND)
    if call.caller is not None:
        found[of_extension(call.caller.aor)] = of_caller(call.caller)
    if call.payer is not None:
        found.setdefault(of_extension(call.payer.aor), _own(call.payer, "limits.payer", call.payer.calling.max_calls))
    if call.called is not None:
        key = of_extension(call.called.aor)
        found.setdefault(key, Counter(key, call.called.calling.max_calls, Refuse("limits.called", 486, "Busy Here")))
    if call.payer is not None and call.payer not in (call.caller, call.called):
        key = of_payer(call.payer.aor)
        found[key] = Counter(key, None, found[of_extension(call.payer.aor)].full)
    tenant = f"tenant:{call.tenant.id}"
    lines = [line for extent in (call.trunk, call.came_by) if extent for line in _lines(extent, tenant)]
    whole = Counter(tenant, call.tenant.max_calls, _full("limits.tenant", call.tenant.max_calls))
    return (*found.values(), *lines, whole, Counter(OF_RELAY, MOST_CARRIED, NO_ROOM))


def of_extension(aor: str) -> str:
    return f"{OF_EXTENSION}{aor}"


def of_payer(aor: str) -> str:
    return f"{OF_PAYER}{aor}"


def of_caller(who: Subscriber) -> Counter:
    """The counter of an extension that makes a call."""
    own = who.calling.max_calls
    return _own(who, "limits.caller", MOST_MADE if own is None else own)


def _own(who: Subscriber, rule: str, limit: int | None) -> Counter:
    return Counter(of_extension(who.aor), limit, _full(rule, limit))


def _lines(extent: Extent, tenant: str) -> tuple[Counter, Counter]:
    trunk, share, total = f"trunk:{extent.trunk_id}", extent.of_tenant, extent.total
    of_tenant = Counter(f"{trunk}:{tenant}", share, _full("limits.trunk_tenant", share))
    return of_tenant, Counter(trunk, total, _full("limits.trunk", total))


def over(counter: Counter, calls: int, *, emergency: bool) -> Refuse | None:
    """The objection to the call that made it so many."""
    if emergency or counter.limit is None or calls <= counter.limit:
        return None
    return counter.full


def suspendable(call: CallFacts) -> tuple[str, ...]:
    """The names under which outside calls may be suspended; an emergency call and an internal one have none."""
    if not call.suspendable or call.emergency:
        return ()
    names = [f"tenant:{call.tenant.id}"]
    if payer := call.payer or call.caller:
        names.append(f"extension:{payer.aor}")
    if call.trunk is not None:
        names.append(f"trunk:{call.trunk.trunk_id}")
    return tuple(names)


SUSPENDED: Final = Refuse("spend.suspended", 403, "Outside Calls Suspended")


def _full(rule: str, limit: int | None) -> Refuse:
    """A limit of 0 forbids; any other one is only full for the moment."""
    return Refuse(rule, 403, "Calls Not Allowed") if limit == 0 else Refuse(rule, 480, "All Lines Busy")
