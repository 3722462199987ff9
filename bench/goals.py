"""The goals: what each measurement is held against. A ratio compares two results of the same run."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the result: a limit that the measured value must not exceed."""

    id: str
    title: str
    limit: float
    unit: str = ""


COST_TO_SQLITE: Final = Goal("registration.sqlite", "processor time of a registration, to stock on SQLite", 0.40)
COST_TO_POSTGRESQL: Final = Goal("registration.postgresql", "... to stock on PostgreSQL, its database charged", 0.22)
COST_TO_TUNED: Final = Goal("registration.tuned", "... to stock tuned with the tlsf allocator", 0.77)
CALL_TO_SQLITE: Final = Goal("call.sqlite", "processor time of a call, to stock with accounting on SQLite", 0.65)
CALL_TO_POSTGRESQL: Final = Goal("call.postgresql", "... to stock on PostgreSQL, its database charged", 0.50)
CALL_TO_TUNED: Final = Goal("call.tuned", "... to stock tuned with the tlsf allocator", 0.95)
CALL_GROWTH: Final = Goal("call.growth", "... 10,000 rules and 1,000,000 rates, to 10 and 100", 1.1)
GROWTH: Final = Goal("growth.exponent", "cost exponent, 100 to 1,000,000 extensions", 0.03)
MEMORY_GROWTH: Final = Goal("growth.memory", "memory of a worker, 1,000,000 to 100 extensions", 1.10)
CONTACT_MEMORY: Final = Goal("contact.memory", "shared memory of a contact", 1.5, "KiB")
POLICY_DELAY: Final = Goal("policy.delay", "policy change in force in every worker, p99", 5.0, "ms")
BAN_DELAY: Final = Goal("ban.delay", "threshold to first kernel drop, p99", 5.0, "ms")
HOSTILE_COST: Final = Goal("hostile.cost", "worst hostile packet's processor time to a good one's", 1.5)
HOSTILE_LOG: Final = Goal("hostile.log", "log left by an attack packet", 1.0, "bytes")
DROP_TO_PIKE: Final = Goal("drop.pike", "processor time of a drop, to Kamailio's pike and htable", 1 / 25)
DROP_TO_RULES: Final = Goal("drop.rules", "... to a thousand rules of fail2ban", 1 / 20)
FLOOD_FAILED: Final = Goal("flood.failed", "registrations and calls that fail during floods", 0)
FLOOD_WAIT: Final = Goal("flood.wait", "their p99 during floods, to the quiet p99", 2.0)
FLOOD_COST: Final = Goal("flood.cost", "processor time under many slow sources, to stock", 0.1)
LIST_LOAD: Final = Goal("list.load", "a million block entries in force", 5.0, "s")
LIST_SLIPPED: Final = Goal("list.slipped", "packets of a banned source that pass meanwhile", 0)
GOODWILL: Final = Goal("goodwill.bans", "bans of senders of good registrations", 0)
MEMBERS_BANNED: Final = Goal("members.banned", "never-block members banned by forged packets", 0)

RELAY_ONE: Final = Goal("relay.one", "processor time of a relayed packet, AES-256 on one side, to plain", 1 / 0.75)
RELAY_BOTH: Final = Goal("relay.both", "... on both sides", 1 / 0.60)
RETURN_UDP: Final = Goal("return.udp", "processor time of 10,000 phones that come back over UDP", 2.0, "s")
RETURN_TLS: Final = Goal("return.tls", "... over TLS, each with a new connection", 5.0, "s")
IDLE_TLS: Final = Goal("idle.tls", "shared memory of a registered idle phone on TLS", 128.0, "KiB")
IDLE_WSS: Final = Goal("idle.wss", "... on a secure WebSocket", 128.0, "KiB")
IDLE_DISTURBS: Final = Goal("idle.cost", "processor time of a registration beside 2,000 idle WebSockets, to alone", 1.1)
SOAK_GROWTH: Final = Goal("soak.growth", "memory of whatever grows most under long load", 1.0, "% an hour")
SOAK_ENDED: Final = Goal("soak.ended", "processes that ended meanwhile", 0)
SOAK_FAILED: Final = Goal("soak.failed", "share of calls that failed meanwhile", 0.001)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A measured value beside its goal; `value` None means the measurement was void."""

    goal: Goal
    value: float | None
    note: str = ""

    @property
    def met(self) -> bool:
        return self.value is not None and self.value <= self.goal.limit
