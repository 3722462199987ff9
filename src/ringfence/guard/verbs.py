"""What the guard's socket can be asked: each verb is one method, each argument is checked before anything happens."""

import asyncio
import json
import time
from dataclasses import asdict
from typing import Any, Final

from ringfence.guard.clock import moment, universal
from ringfence.guard.control import Args, Refusal, Verb, number, text
from ringfence.guard.ledger import BanRecord
from ringfence.guard.live.callwatch import CallWatch
from ringfence.guard.live.registrations import Wish
from ringfence.guard.offenders.ban_pages import BanWish, page_of, place
from ringfence.guard.offenders.bans import describe
from ringfence.guard.offenders.neverblock import ADMINISTRATOR_SECONDS
from ringfence.guard.offenders.own_bans import Concern, concern_of, seen_by_tenant
from ringfence.guard.offenders.rehearsal import rehearse
from ringfence.guard.service import Service
from ringfence.policy.addresses import (
    Address,
    AddressProblem,
    ban_key,
    ban_network,
    is_nobodys,
    key_network,
    parse_address,
    parse_network,
)
from ringfence.policy.offenders import evidence
from ringfence.policy.scope import Scope
from ringfence.policy.settings import DAY

MANUAL: Final = "ban.manual"
LONGEST_BAN: Final = 365 * DAY
SPARED_SECONDS: Final = DAY
"""How far back an explanation looks for what spared a source."""
LONGEST_EVIDENCE: Final = 8_192
LONGEST_WAIT: Final = 60.0
MOST_EVENTS: Final = 5_000
CHANGING: Final = frozenset({"bans.add", "bans.lift", "bans.lift-own", "never-block.admin", "calls.hang-up"})


class Desk:
    """Answers for one guard."""

    def __init__(self, service: Service, watch: CallWatch) -> None:
        self._service = service
        self._watch = watch
        self._parts = service.parts
        self._news = asyncio.Event()
        self._looking = asyncio.Lock()

    def verbs(self) -> dict[str, Verb]:
        return {
            "status": self.status,
            "bans.list": self.list_bans,
            "bans.page": self.page_of_bans,
            "bans.own": self.page_of_own_bans,
            "bans.lift-own": self.lift_own,
            "bans.explain": self.explain,
            "bans.at-door": self.at_door,
            "bans.spare": self.spare,
            "bans.lift": self.lift,
            "bans.add": self.add,
            "never-block.list": self.list_never_block,
            "never-block.admin": self.protect_administrator,
            "registrations.list": self.list_registrations,
            "registrations.page": self.page_of_registrations,
            "calls.list": self.list_calls,
            "trunks.list": self.list_trunks,
            "calls.hang-up": self.hang_up,
            "events.since": self.events_since,
            "alarms.list": self.list_alarms,
            "policy.changed": self.policy_changed,
            "policy.dry-run": self.dry_run,
        }

    async def obey(self) -> bool:
        """Adopts a new policy if there is one. A long list is read in a thread, so that everything else goes on."""
        if self._parts.policy.is_unchanged():
            return False
        async with self._looking:
            return self._service.adopt(changed=await asyncio.to_thread(self._parts.policy.look))

    def announce(self) -> None:
        """Wakes those who wait for events."""
        self._news.set()
        self._news.clear()

    async def status(self, _: Args) -> dict[str, Any]:
        parts = self._parts
        return {
            "since": self._service.started_at,
            "policy_version": parts.policy.book.version,
            "in_kernel": parts.firewall.in_kernel,
            "kernel": parts.firewall.dropped(),
            "stands_at_links": parts.firewall.stands_at_links,
            "bans": len(parts.bans),
            "doors_closed": len(parts.doors.listing()),
            "registrations": len(parts.standing.registrations),
            "calls": len(parts.standing.calls),
            "challenged": len(parts.intake.unanswered),
            "journal": asdict(parts.reader.checkpoint),
            "journal_dropped": parts.reader.dropped,
            "journal_spoiled": self._service.spoiled,
            "reasserted": self._service.reasserted,
            "alarms": len(parts.alarms.listing()),
            "last_event": parts.ledger.last_event(),
        }

    async def list_bans(self, _: Args) -> list[dict[str, Any]]:
        records = [*self._parts.bans.listing(), *self._parts.doors.listing()]
        return [self._described(record) for record in records]

    async def page_of_bans(self, args: Args) -> dict[str, Any]:
        """A part of the list, the newest first, with the place of each for the next question."""
        wish = BanWish(
            **{name: text(args, name, "").lower() for name in ("search", "after", "before")},
            limit=int(number(args, "limit", 1, MOST_EVENTS, 50)),
        )
        page = page_of([*self._parts.bans.listing(), *self._parts.doors.listing()], wish)
        bans = [{**self._described(record), "place": place(record)} for record in page.records]
        return {"bans": bans, "count": page.count, "has_previous": page.has_previous, "has_next": page.has_next}

    async def page_of_own_bans(self, args: Args) -> dict[str, Any]:
        """The bans that concern the people of one domain, as its administrators may see them."""
        wish = BanWish(
            **{name: text(args, name, "").lower() for name in ("search", "after", "before")},
            limit=int(number(args, "limit", 1, MOST_EVENTS, 50)),
        )
        found = self._own(text(args, "domain"))
        page = page_of([record for record, _ in found.values()], wish)
        bans = [self._seen(*found[place(record)]) for record in page.records]
        return {"bans": bans, "count": page.count, "has_previous": page.has_previous, "has_next": page.has_next}

    async def lift_own(self, args: Args) -> dict[str, Any]:
        """Ends a ban for the administrators of one domain, if it is theirs to lift."""
        key = ban_key(str(_address(args)))
        here = [concern for record, concern in self._own(text(args, "domain")).values() if record.key == key]
        if not here:
            raise Refusal("bans.not_banned", "address", f"{key} is not banned.")
        if not any(concern.may_lift for concern in here):
            raise Refusal("bans.not_yours", "address", f"{key} is not yours alone: ask the system administrator.")
        self._lift(key, Scope.SIP, text(args, "by", ""))
        self._service.commit()
        return {"address": key}

    def _own(self, domain: str) -> dict[str, tuple[BanRecord, Concern]]:
        """The bans that concern a domain, by their place."""
        phones = self._parts.standing.registrations.by_key(domain, time.time())
        records = [*self._parts.bans.listing(), *self._parts.doors.listing()]
        concerns = ((record, concern_of(record, domain, phones)) for record in records)
        return {place(record): (record, concern) for record, concern in concerns if concern is not None}

    def _seen(self, record: BanRecord, concern: Concern) -> dict[str, Any]:
        left = max(0.0, record.boot_until - moment().boot)
        return {**seen_by_tenant(record, concern), "seconds_left": left, "place": place(record)}

    async def explain(self, args: Args) -> dict[str, Any]:
        address = _address(args)
        key = ban_key(str(address))
        now = moment()
        record = self._parts.bans.get(key)
        member = self._parts.never_block.covered_by(parse_network(str(address)))
        entry = self._parts.policy.addresses.lookup(address, now.wall)
        return {
            "address": key,
            "banned": record is not None and not self._is_spared(address),
            "ban": self._explained(record) if record else None,
            "doors": [self._explained(closed) for closed in self._parts.doors.listing() if closed.key == key],
            "never_block": member.name if member else None,
            "entry": asdict(entry) if entry else None,
            "registered": list(self._parts.standing.registrations.healthy_at(key, now.wall)),
            "past": [asdict(ended) for ended in self._parts.ledger.past_bans(key)],
            "spared": self._parts.ledger.spared(key, now.wall - SPARED_SECONDS),
        }

    async def at_door(self, args: Args) -> dict[str, Any]:
        """For whoever enforces a scope: whether the address is refused, and when its last ban ended."""
        address, scope = _address(args), _scope(args, Scope.WEB)
        key = ban_key(str(address))
        ended = [past.ended for past in self._parts.ledger.past_bans(key) if past.scope == scope]
        is_spared = scope is not Scope.WEB and self._is_spared(address)
        record = None if is_spared else self._record(key, scope)
        left = max(0.0, record.boot_until - moment().boot) if record else 0.0
        return {"banned": record is not None, "seconds_left": left, "ended": max(ended, default=None)}

    async def spare(self, _: Args) -> list[str]:
        """What our allow entries name of an IPv6 /64: its ban, if there is one, spares it."""
        return [str(part) for part in self._parts.policy.addresses.narrow(time.time())]

    async def lift(self, args: Args) -> dict[str, Any]:
        """Ends the ban of one scope, or without one every ban of the address."""
        key = ban_key(str(_address(args)))
        by = text(args, "by", "")
        wanted = (_scope(args, Scope.SIP),) if args.get("scope") else tuple(Scope)
        lifted = [scope for scope in wanted if self._lift(key, scope, by)]
        if not lifted:
            raise Refusal("bans.not_banned", "address", f"{key} is not banned.")
        self._service.commit()
        return {"address": key, "scopes": lifted}

    def _lift(self, key: str, scope: Scope, by: str) -> bool:
        if scope is not Scope.SIP:
            return self._parts.doors.lift(key, scope, moment(), by, "lifted by hand")
        self._parts.intake.forget(key)
        return self._parts.bans.lift(key, moment(), by, "lifted by hand")

    def _record(self, key: str, scope: Scope) -> BanRecord | None:
        return self._parts.bans.get(key) if scope is Scope.SIP else self._parts.doors.get(key, scope)

    async def add(self, args: Args) -> dict[str, Any]:
        address, scope = _address(args), _scope(args, Scope.SIP)
        key = ban_key(str(address))
        seconds = number(args, "seconds", 1, LONGEST_BAN)
        self._refuse_protected(address, scope, parse_network(text(args, "address")).prefixlen)
        now = moment()
        rule = text(args, "rule", MANUAL)
        record = BanRecord(
            key,
            rule,
            text(args, "reason", ""),
            text(args, "by", ""),
            now.wall,
            now.wall + seconds,
            self._parts.boot_id,
            now.boot + seconds,
            {"rule": rule, **_told(args)},
            scope,
        )
        keeper = self._parts.bans if scope is Scope.SIP else self._parts.doors
        keeper.add(record, now)
        self._service.commit()
        return self._described(record)

    async def list_never_block(self, _: Args) -> list[dict[str, str]]:
        return [
            {"cidr": str(member.network), "name": member.name, "source": member.source}
            for member in self._parts.never_block.members()
        ]

    async def protect_administrator(self, args: Args) -> dict[str, Any]:
        network = parse_network(str(_address(args)))
        seconds = number(args, "seconds", 1, ADMINISTRATOR_SECONDS, 3600)
        now = moment()
        self._parts.ledger.note_administrator(str(network), now.wall + seconds, now.wall)
        if self._parts.never_block.protect_administrator(network, now.boot + seconds):
            self._service.protect()
        self._service.commit()
        return {"cidr": str(network), "seconds": seconds}

    async def list_registrations(self, args: Args) -> list[dict[str, Any]]:
        return self._parts.standing.registrations.listing(time.time(), _tenant(args))

    async def page_of_registrations(self, args: Args) -> dict[str, Any]:
        """A part of the list in the order of the addresses: 100,000 phones are not sent to show 50."""
        wish = Wish(
            **{name: text(args, name, "").lower() for name in ("domain", "search", "after", "before")},
            limit=int(number(args, "limit", 1, MOST_EVENTS, 50)),
        )
        return asdict(self._parts.standing.registrations.page(time.time(), wish))

    async def list_calls(self, args: Args) -> list[dict[str, Any]]:
        return self._parts.standing.calls.listing(_tenant(args))

    async def list_trunks(self, _: Args) -> dict[str, dict[str, Any]]:
        """How each address of each trunk is doing, by trunk id and address."""
        return self._parts.standing.trunks.listing()

    async def hang_up(self, args: Args) -> dict[str, Any]:
        """Ends an answered call with a BYE to both sides."""
        call_id = text(args, "call_id")
        await self._watch.hang_up_asked(call_id, text(args, "why", "Hung up by an administrator")[:64])
        return {"call_id": call_id}

    async def events_since(self, args: Args) -> dict[str, Any]:
        """Committed events after a cursor; waits up to `wait` seconds for the first one."""
        cursor = int(number(args, "cursor", 0, 1 << 62, 0))
        limit = int(number(args, "limit", 1, MOST_EVENTS, 500))
        kinds = _kinds(args)
        deadline = time.monotonic() + number(args, "wait", 0, LONGEST_WAIT, 0)
        while True:
            events = self._parts.ledger.events_since(cursor, kinds, limit)
            left = deadline - time.monotonic()
            if events or left <= 0:
                last = self._parts.ledger.last_event()
                after = events[-1]["id"] if events else max(cursor, last)
                kept = {"oldest": self._parts.ledger.oldest_event(), "thinned": self._parts.ledger.thinned_to()}
                return {"events": events, "cursor": after, "last": last, **kept}
            await self._wait(left)

    async def list_alarms(self, _: Args) -> list[dict[str, Any]]:
        return self._parts.alarms.listing()

    async def dry_run(self, args: Args) -> dict[str, Any]:
        """What other settings and entries would have done to the events of the journal."""
        return await rehearse(args, self._parts.never_block.members())

    async def policy_changed(self, _: Args) -> dict[str, Any]:
        await self.obey()
        return {"version": self._parts.policy.book.version}

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    def _described(self, record: BanRecord) -> dict[str, Any]:
        left = max(0.0, record.boot_until - moment().boot)
        in_kernel = record.scope is Scope.SIP and self._parts.bans.is_in_kernel(record.key)
        return {**describe(record), "spared": self._spared(record), "seconds_left": left, "in_kernel": in_kernel}

    def _spared(self, record: BanRecord) -> list[str]:
        """The parts of a banned /64 that allow entries name."""
        if record.scope is Scope.WEB:
            return []
        parts = self._parts.policy.spared_within(key_network(record.key), time.time())
        return [str(part) for part in parts]

    def _is_spared(self, address: Address) -> bool:
        """Whether an allow entry frees this address from the ban of its /64."""
        return self._parts.policy.spares(address, time.time())

    def _explained(self, record: BanRecord) -> dict[str, Any]:
        """The same, with its evidence in words."""
        proof = [{"name": name, "words": words} for name, words in evidence.told(record.evidence, universal)]
        return {**self._described(record), "proof": proof}

    def _refuse_protected(self, address: Address, scope: Scope, length: int) -> None:
        """Of a prefix, entries for less of it than `length` bits refuse nothing. An allow entry frees from the
        anti-hacking checks, not from the portal's count of wrong passwords: what that closes is listed, so that it can
        be lifted.
        """
        network = ban_network(address)
        if is_nobodys(address):
            raise Refusal("bans.nobody", "address", f"{address} is no host's address: nobody can attack from there.")
        member = self._parts.never_block.covered_by(network)
        if member is not None:
            raise Refusal(
                "bans.never_block",
                "address",
                f"{network} covers {member.name} ({member.network}), which is never blocked.",
            )
        entry = self._parts.policy.addresses.lookup(address, time.time(), longest=length)
        if entry is not None and entry.target == "allow" and scope is not Scope.WEB:
            raise Refusal(
                "bans.allowed",
                "address",
                f"{address} is covered by the allow entry {entry.cidr}; remove that entry first.",
            )


def _address(args: Args) -> Address:
    given = text(args, "address")
    try:
        address, network = parse_address(given.partition("/")[0]), parse_network(given)
    except AddressProblem as problem:
        raise Refusal(problem.rule, "address", problem.message) from problem
    if network.prefixlen < ban_network(address).prefixlen:
        raise Refusal(
            "bans.prefix",
            "address",
            f"{given} is a prefix: a ban names one address; block prefixes on the IP blacklist (ringfence ban block).",
        )
    return address


def _scope(args: Args, default: Scope) -> Scope:
    given = text(args, "scope", default)
    if given in tuple(Scope):
        return Scope(given)
    raise Refusal("bans.scope", "scope", f"{given!r} is no scope; the scopes are {', '.join(Scope)}.")


def _told(args: Args) -> dict[str, Any]:
    """What the one who bans has seen, as evidence."""
    seen = args.get("evidence") or {}
    if isinstance(seen, dict) and len(json.dumps(seen)) <= LONGEST_EVIDENCE:
        return seen
    raise Refusal("bans.evidence", "evidence", f"evidence must be an object of at most {LONGEST_EVIDENCE} characters.")


def _tenant(args: Args) -> int | None:
    return None if args.get("tenant_id") is None else int(number(args, "tenant_id", 0, 1 << 62))


def _kinds(args: Args) -> tuple[str, ...]:
    kinds = args.get("kinds") or []
    if isinstance(kinds, list) and len(kinds) <= 50 and all(isinstance(kind, str) for kind in kinds):
        return tuple(kinds)
    raise Refusal("request.kinds", "kinds", "kinds must be a list of at most 50 event kinds.")
