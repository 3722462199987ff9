"""Takes whole lists of address entries: every row is judged first, then all of them are added, or none.

Reading and judging a million rows happens before the transaction, so nobody else waits for it.
"""

import socket
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from django.utils import timezone

from ringfence.policy.addresses import (
    WIDEST_TRUSTED,
    AddressProblem,
    Network,
    is_too_wide_to_trust,
    parse_network,
    trusts_strangers,
)
from ringfence.policy.book import Target
from ringfence.policy.offenders.entries import sort_key
from ringfence.policy.settings import Problem
from ringfence.portal import guard
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.problems import Refused
from ringfence.portal.schema import universal
from ringfence.portal.security.changes import LONGEST_DESCRIPTION, only_system
from ringfence.portal.security.entry_files import FileBroken, Form, RawRow, read
from ringfence.portal.security.models import AddressEntry
from ringfence.portal.text import control_problem

MOST_ROWS: Final = 1_000_000
MOST_BYTES: Final = 128 << 20
SHOWN_PROBLEMS: Final = 100
ROWS_AT_ONCE: Final = 5_000
STORED: Final = ("cidr", "sort_key", "target", "expires_at", "description", "created_at", "created_by")
KEYS_AT_ONCE: Final = 400
FEW: Final = 20_000
"""Up to so many rows are looked up by key; for more the whole table is read once."""

WIDEST_SPAN: Final = {4: 32 - WIDEST_TRUSTED[4], 6: 128 - WIDEST_TRUSTED[6]}
LENGTHS: Final = {str(length): length for length in range(33)}


class Wanted(NamedTuple):
    """One row that passed: a tuple because there may be a million."""

    key: str
    cidr: str
    target: str
    expires_at: datetime | None
    description: str
    line: int


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a row without these values gets."""

    target: Target = Target.BLOCK
    expires_at: datetime | None = None
    description: str = ""
    only: bool = False
    """Whether a row may not name another action than `target`."""


@dataclass(slots=True)
class Outcome:
    """What a list would do, or did. `problems` are the first hundred; `problem_count` counts all."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    ended: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def complain(self, line: int, rule: str, message: str) -> None:
        self.problem_count += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(Problem(f"line {line}", rule, message))


class Prefix(NamedTuple):
    """A prefix as numbers, with its text and its key."""

    version: int
    first: int
    last: int
    text: str
    key: str


class _Protected:
    """The never-block set, ordered, for quick questions. Raises GuardSilent when nobody can tell it."""

    def __init__(self) -> None:
        self._members = [
            (_prefix(parse_network(str(item["cidr"]))), str(item.get("name", "a protected address")))
            for item in guard.listed("never-block.list", "members")
        ]
        self._spans = {version: _merged(self._members, version) for version in (4, 6)}

    def covered_by(self, prefix: Prefix) -> str:
        """Which member this prefix would block; "" if none."""
        spans = self._spans[prefix.version]
        at = bisect_right(spans, (prefix.last, 1 << 129)) - 1
        if at < 0 or spans[at][1] < prefix.first:
            return ""
        return next(
            f"{member.text} ({name})"
            for member, name in self._members
            if member.version == prefix.version and member.first <= prefix.last and prefix.first <= member.last
        )


def _merged(members: list[tuple[Prefix, str]], version: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first, last in sorted((member.first, member.last) for member, _ in members if member.version == version):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _prefix(network: Network) -> Prefix:
    first, last = int(network.network_address), int(network.broadcast_address)
    return Prefix(network.version, first, last, str(network), sort_key(network))


def _quick_prefix(text: str) -> Prefix | None:
    """The common case, an IPv4 address or prefix as everybody writes it; ten times as fast as `ipaddress`."""
    base, slash, suffix = text.partition("/")
    length = LENGTHS.get(suffix) if slash else 32
    if length is None:
        return None
    try:
        packed = socket.inet_pton(socket.AF_INET, base)
    except (OSError, ValueError):
        return None
    span = (1 << (32 - length)) - 1
    address = int.from_bytes(packed)
    first = address & ~span
    shown = base if first == address else socket.inet_ntoa(first.to_bytes(4))
    return Prefix(4, first, first | span, f"{shown}/{length}", f"4{first:08x}/{length:03}")


def check(actor: Actor, form: Form, raw: bytes, defaults: Defaults) -> Outcome:
    """What this list would do, without doing it."""
    only_system(actor)
    outcome, wanted = _judged(form, raw, defaults)
    _compare(wanted, outcome)
    return outcome


def take(actor: Actor, form: Form, raw: bytes, defaults: Defaults) -> Outcome:
    """Adds every row, or none: then it raises Refused with the problems."""
    only_system(actor)
    outcome, wanted = _judged(form, raw, defaults)
    _refuse(outcome)
    with change(actor) as draft:
        new, changed = _compare(wanted, outcome)
        _refuse(outcome)
        _store(new, changed, actor.name)
        counts = {"added": outcome.added, "changed": outcome.changed}
        if new or changed:
            draft.record("ip_filter.imported", "", f"{outcome.rows} rows", new=counts)
            draft.address_entries()
    return outcome


def _refuse(outcome: Outcome) -> None:
    if outcome.problem_count:
        said = f"{outcome.problem_count} rows are refused, so nothing was added."
        raise Refused(outcome.problems, said, "ip_filter.rows_refused")


def _judged(form: Form, raw: bytes, defaults: Defaults) -> tuple[Outcome, dict[str, Wanted]]:
    """Every row that may stand in the list, by its key."""
    if len(raw) > MOST_BYTES:
        raise Refused([Problem("file", "ip_filter.file_size", f"The file may have {MOST_BYTES >> 20} MiB.")])
    outcome, protected, now = Outcome(), _Protected(), timezone.now()
    wanted: dict[str, Wanted] = {}
    try:
        for row in read(form, raw):
            outcome.rows += 1
            _refuse_too_many(outcome.rows)
            try:
                found = _judge(row, defaults, protected)
            except Refused as refused:
                outcome.complain(row.line, refused.problems[0].rule, refused.problems[0].message)
                continue
            _keep(found, wanted, outcome, now)
    except FileBroken as error:
        raise Refused([Problem("file", "ip_filter.file", str(error))]) from error
    return outcome, wanted


def _refuse_too_many(count: int) -> None:
    if count > MOST_ROWS:
        raise Refused([Problem("file", "ip_filter.too_many", f"A list may have {MOST_ROWS:,} rows.")])


def _judge(row: RawRow, defaults: Defaults, protected: _Protected) -> Wanted:
    """Raises Refused with one problem."""
    prefix = _quick_prefix(row.cidr) if not row.netmask else None
    if prefix is None:
        prefix = _prefix(_network(row))
    target = _target(row, defaults)
    if target is Target.BLOCK:
        _refuse_dangerous(prefix, protected)
    elif (prefix.last - prefix.first) >> WIDEST_SPAN[prefix.version]:
        _refuse_trusting(parse_network(prefix.text))
    description = row.description or defaults.description
    if len(description) > LONGEST_DESCRIPTION:
        raise _refusal("text.length", f"The description may have {LONGEST_DESCRIPTION} characters.")
    if description and not description.isprintable() and (problem := control_problem("description", description)):
        raise Refused([problem])
    end = _end(row.expires_at) if row.expires_at else defaults.expires_at
    return Wanted(prefix.key, prefix.text, target.value, end, description, row.line)


def _network(row: RawRow) -> Network:
    try:
        return parse_network(row.cidr, row.netmask)
    except AddressProblem as error:
        raise _refusal(error.rule, error.message) from error


def _target(row: RawRow, defaults: Defaults) -> Target:
    if not row.target:
        return defaults.target
    try:
        target = Target(row.target.lower())
    except ValueError as error:
        raise _refusal("ip_filter.target", f"{row.target[:40]!r} is neither allow nor block.") from error
    if defaults.only and target is not defaults.target:
        raise _refusal("ip_filter.other_target", f"The row says {target}, but this list is to {defaults.target}.")
    return target


def _end(text: str) -> datetime:
    try:
        return universal(datetime.fromisoformat(text))
    except ValueError as error:
        raise _refusal("ip_filter.end", f"{text[:40]!r} is no time such as 2027-01-31T12:00:00+00:00.") from error


def _refuse_dangerous(prefix: Prefix, protected: _Protected) -> None:
    if prefix.text.endswith("/0"):
        raise _refusal("ip_filter.everything", f"{prefix.text} is the whole network: nobody could reach this system.")
    if member := protected.covered_by(prefix):
        raise _refusal("ip_filter.never_block", f"{prefix.text} covers {member}, which must never be blocked.")


def _refuse_trusting(network: Network) -> None:
    if is_too_wide_to_trust(network):
        raise _refusal("ip_filter.trusts_strangers", trusts_strangers(network))


def _refusal(rule: str, message: str) -> Refused:
    return Refused([Problem("", rule, message)])


def _keep(found: Wanted, wanted: dict[str, Wanted], outcome: Outcome, now: datetime) -> None:
    """Ended rows are left out, repeated ones count once, a tie within the list is refused."""
    if found.expires_at is not None and found.expires_at <= now:
        outcome.ended += 1
        return
    before = wanted.setdefault(found.key, found)
    if before is found:
        return
    if before.target == found.target:
        outcome.repeated += 1
        return
    outcome.complain(
        found.line,
        "ip_filter.tie",
        f"Line {before.line} says {before.target} for {found.cidr}, this line {found.target}.",
    )


class _Standing(NamedTuple):
    pk: int
    target: str
    expires_at: datetime | None
    description: str


def _compare(wanted: dict[str, Wanted], outcome: Outcome) -> tuple[list[Wanted], list[tuple[int, Wanted]]]:
    """What is new, and what changes an entry that stands already; a standing entry with the other action is a tie."""
    now = timezone.now()
    changed: list[tuple[int, Wanted]] = []
    untouched = set()
    for key, standing in _standing(wanted):
        row = wanted[key]
        untouched.add(key)
        is_live = standing.expires_at is None or standing.expires_at > now
        if is_live and standing.target != row.target:
            said = f"{row.cidr} is already set to {standing.target}; both would be a tie. Remove that entry first."
            outcome.complain(row.line, "ip_filter.tie", said)
        elif standing[1:] == (row.target, row.expires_at, row.description):
            outcome.unchanged += 1
        else:
            changed.append((standing.pk, row))
    new = [row for key, row in wanted.items() if key not in untouched]
    outcome.added, outcome.changed = len(new), len(changed)
    return new, changed


def _standing(wanted: dict[str, Wanted]) -> Iterator[tuple[str, _Standing]]:
    """The entries of the database that the list names too."""
    columns = ("sort_key", "pk", "target", "expires_at", "description")
    for found in _queries(wanted):
        for key, *rest in found.values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE):
            if key in wanted:
                yield key, _Standing(*rest)


def _queries(wanted: dict[str, Wanted]) -> Iterator[Any]:
    if len(wanted) > FEW:
        yield AddressEntry.objects.order_by()
        return
    keys = list(wanted)
    for start in range(0, len(keys), KEYS_AT_ONCE):
        yield AddressEntry.objects.filter(sort_key__in=keys[start : start + KEYS_AT_ONCE]).order_by()


def _store(new: list[Wanted], changed: list[tuple[int, Wanted]], by: str) -> None:
    """Plain rows instead of model objects: a million of them are stored in a fifth of the time."""
    end_of, now = connection.ops.adapt_datetimefield_value, timezone.now()
    table = connection.ops.quote_name(AddressEntry._meta.db_table)
    marks = ", ".join(["%s"] * len(STORED))
    stored_at = end_of(now)
    with connection.cursor() as cursor:
        for start in range(0, len(new), ROWS_AT_ONCE):
            cursor.executemany(
                f"INSERT INTO {table} ({', '.join(STORED)}) VALUES ({marks})",  # noqa: S608 names of our own
                [
                    (row.cidr, row.key, row.target, end_of(row.expires_at), row.description, stored_at, by)
                    for row in new[start : start + ROWS_AT_ONCE]
                ],
            )
    for pk, row in changed:
        AddressEntry.objects.filter(pk=pk).update(
            target=row.target, expires_at=row.expires_at, description=row.description
        )
