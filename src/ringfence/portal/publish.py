"""The compiler: database rows to the policy store. The only bridge between the portal and what workers obey.

A change marks what it touched in its own transaction; after the commit the marks are worked off under a file lock: read
the rows as they are now, write them in one store transaction, delete the marks. Killed anywhere in between, the marks
are still there and are worked off again; doing so twice changes nothing.
"""

import fcntl
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, Final

import lmdb
from django.db import transaction
from django.db.models import QuerySet

from ringfence.hosts.addresses import NetworkUnreadable, surroundings
from ringfence.hosts.public import public_file, read_public
from ringfence.hosts.sbc import read_sbc
from ringfence.policy.book import (
    BlockedUserAgent,
    Book,
    MatchKind,
    ProtectedAddress,
    Protection,
    Role,
    Subscriber,
    Target,
    Tenant,
)
from ringfence.policy.calls.calling import USUAL, Calling
from ringfence.policy.calls.recording import NOTHING
from ringfence.policy.offenders import entries
from ringfence.policy.plain import from_plain
from ringfence.policy.relay.encryption import Encryption
from ringfence.portal import guard, places
from ringfence.portal.answering import compile as answering
from ringfence.portal.change import Change
from ringfence.portal.lookups import SOURCES, kind_of
from ringfence.portal.people.models import Extension, Group, role_key
from ringfence.portal.people.models import Role as RoleRow
from ringfence.portal.problems import Unavailable
from ringfence.portal.recordings import compile as recordings
from ringfence.portal.security.models import AddressEntry as AddressEntryRow
from ringfence.portal.security.models import BlockedUserAgent as BlockedUserAgentRow
from ringfence.portal.security.models import ProtectedAddress as ProtectedAddressRow
from ringfence.portal.security.models import SecurityValues
from ringfence.portal.system.models import PendingPublish
from ringfence.portal.tenants.models import Tenant as TenantRow
from ringfence.portal.trunks import compile as trunks
from ringfence.store.writer import Lookups, PolicyWriter

log = logging.getLogger(__name__)


class PublishPending(Unavailable):
    """The change is saved; the policy store could not be written. `manage ingest` retries every second."""

    error_id = "publish.pending"
    title = "Saved, but not in force yet"


RULES_MARK: Final = ""
ENTRIES_MARK: Final = "address entries"
"""Neither can be an address of record: it has an @."""


LOOKUP_MARK: Final = "lookup "
"""Stands before the key of a lookup; there is no space in an address of record either."""


def mark(draft: Change) -> None:
    """Notes in the running transaction what has to be published after it."""
    marks = [*draft.aors, *(LOOKUP_MARK + key for key in draft.lookups)]
    if draft.touches_rules:
        marks.append(RULES_MARK)
    if draft.touches_entries:
        marks.append(ENTRIES_MARK)
    PendingPublish.objects.bulk_create([PendingPublish(aor=text) for text in marks], batch_size=500)


def publish_pending() -> int:
    """Works off all marks and returns how many. Raises PublishPending when the store cannot be written."""
    try:
        done = _work_off_marks()
    except (OSError, lmdb.Error, ValueError) as error:
        log.error("the policy store cannot be written: %s", error)
        raise PublishPending(
            detail=f"The change is saved and will be put in force as soon as the policy store can be written: {error}"
        ) from error
    if done:
        guard.tell("policy.changed")
    return done


def publish_everything() -> int:
    """Rebuilds the whole store from the database in one transaction and returns its version."""
    with _store() as store:
        marks = list(PendingPublish.objects.values_list("pk", flat=True))
        version = store.publish(
            book(),
            put=chain(all_subscribers(), trunks.gateways()),
            replace_all=True,
            entries=encoded_entries(),
            lookups=Lookups(put=_all_lookups(SOURCES), replaced=SOURCES),
        )
        _forget(marks)
    guard.tell("policy.changed")
    return version


def _work_off_marks() -> int:
    if not PendingPublish.objects.exists():
        return 0
    with _store() as store:
        marks = dict(PendingPublish.objects.values_list("pk", "aor"))
        wanted = set(marks.values())
        lookups = sorted(text.removeprefix(LOOKUP_MARK) for text in wanted if text.startswith(LOOKUP_MARK))
        aors = sorted(text for text in wanted - {RULES_MARK, ENTRIES_MARK} if not text.startswith(LOOKUP_MARK))
        found = {one.aor: one for one in chain(subscribers(aors), trunks.gateways(aors))}
        rules = book() if RULES_MARK in wanted else None
        kept = None if rules is None else store.entries()
        store.publish(
            rules,
            put=found.values(),
            remove=[aor for aor in aors if aor not in found],
            entries=encoded_entries() if ENTRIES_MARK in wanted else kept,
            lookups=_changed_lookups(lookups) if lookups else None,
        )
        _forget(list(marks))
    return len(marks)


def _changed_lookups(keys: list[str]) -> Lookups:
    whole = {key.removesuffix("/") for key in keys if key.removesuffix("/") in SOURCES}
    single = [key for key in keys if kind_of(key) and kind_of(key) not in whole]
    found: dict[str, bytes] = {}
    for kind, source in SOURCES.items():
        if asked := [key for key in single if kind_of(key) == kind]:
            found.update(source.some(asked))
    return Lookups(
        put=chain(found.items(), _all_lookups(whole)),
        remove=[key for key in single if key not in found],
        replaced=whole,
    )


def _all_lookups(kinds: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for kind in kinds:
        yield from SOURCES[kind].every()


def _forget(marks: list[int]) -> None:
    with transaction.atomic():
        for start in range(0, len(marks), 500):
            PendingPublish.objects.filter(pk__in=marks[start : start + 500]).delete()


@contextmanager
def _store() -> Iterator[PolicyWriter]:
    """The store, for one compiler at a time: rows read inside cannot be overtaken by an older reading."""
    places.PORTAL.mkdir(mode=0o750, parents=True, exist_ok=True)
    with places.PUBLISH_LOCK.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        store = PolicyWriter(places.POLICY)
        try:
            yield store
        finally:
            store.close()


def book() -> Book:
    """The rules as they stand in the database now."""
    recorded = recordings.rules()
    tenants = tuple(
        Tenant(
            row.pk,
            row.name,
            row.domain,
            row.max_concurrent_calls,
            row.max_call_minutes,
            Encryption(row.media_encryption),
            row.aes_256_only,
            recorded.get(row.pk, NOTHING),
            row.tls_only,
            row.sha_256_digests,
        )
        for row in TenantRow.objects.order_by("pk")
    )
    default_domain = tenants[0].domain if tenants else ""
    return Book(
        tenants=tenants,
        roles=tuple(
            Role(
                role_key(row.name, row.tenant.domain if row.tenant else None),
                row.internal,
                row.national,
                row.international,
            )
            for row in RoleRow.objects.of_extensions().select_related("tenant").order_by("pk")
        ),
        own_hosts=own_hosts(),
        default_domain=default_domain,
        security=SecurityValues.current(),
        blocked_user_agents=tuple(
            BlockedUserAgent(row.pattern, MatchKind(row.match)) for row in BlockedUserAgentRow.objects.order_by("pk")
        ),
        protected_addresses=tuple(
            ProtectedAddress(row.cidr, Protection(row.kind), row.name)
            for row in ProtectedAddressRow.objects.order_by("pk")
        ),
        trunks=trunks.trunks(default_domain),
        ring_groups=answering.ring_groups(),
        announcements=answering.announcements(),
        time_conditions=answering.time_conditions(),
    )


def encoded_entries() -> bytes:
    """All address entries in the store's form, in address order, read in batches: there may be a million."""
    found = AddressEntryRow.objects.order_by("sort_key").values_list(
        "sort_key", "target", "expires_at", "pk", "description"
    )
    targets = {target.value: target for target in Target}
    return "\n".join(
        entries.line(key, targets[target], end.timestamp() if end else None, pk, description)
        for key, target, end, pk, description in found.iterator(chunk_size=5000)
    ).encode()


def own_hosts() -> tuple[str, ...]:
    """This machine's own addresses, its public one, and that of an SBC's host: a request for one of them is for us."""
    try:
        around = surroundings()
    except NetworkUnreadable as error:
        log.error("own addresses unknown, only tenant domains are ours: %s", error)
        return ()
    own = [str(address) for address in (*around.own, around.primary)]  # the latter may be away for a moment
    public = read_public(public_file(places.PATHS.state)).address
    far = read_sbc(places.PATHS.sbc_switch).far
    return tuple(dict.fromkeys((*own, *(one for one in (public, far) if one))))


COLUMNS: Final = (
    "number", "tenant__domain", "tenant_id", "person_id",
    "person__role__name", "person__role__tenant__domain", "person__is_active", "person__display_name",
    "calling", "ha1_md5", "ha1_sha256", "previous_ha1_md5", "previous_ha1_sha256",
)  # fmt: skip
"""What workers may know about an extension: digests, never a secret."""


def subscribers(aors: Iterable[str]) -> Iterator[Subscriber]:
    """The named subscribers that exist, in batches small enough for SQLite's parameter limit."""
    by_domain: dict[str, list[str]] = {}
    for aor in aors:
        number, _, domain = aor.partition("@")
        by_domain.setdefault(domain, []).append(number)
    for domain, numbers in by_domain.items():
        for start in range(0, len(numbers), 500):
            batch = numbers[start : start + 500]
            found = Extension.objects.filter(tenant__domain=domain, number__in=batch)
            yield from _read(found, _groups(Group.members.through.objects.filter(person__extension__in=found)))


def all_subscribers() -> Iterator[Subscriber]:
    return _read(Extension.objects.order_by("pk"), _groups(Group.members.through.objects.all()))


def _groups(memberships: QuerySet[Any]) -> dict[int, tuple[int, ...]]:
    """The groups of each person, by number: a group that gets another name changes no subscriber."""
    found: dict[int, tuple[int, ...]] = {}
    for person, group in memberships.order_by("group_id").values_list("person_id", "group_id"):
        found[person] = (*found.get(person, ()), group)
    return found


def _read(rows: QuerySet[Extension], groups: dict[int, tuple[int, ...]]) -> Iterator[Subscriber]:
    """Plain columns instead of objects: a whole store of 100,000 is rebuilt three times as fast."""
    columns = rows.values_list(*COLUMNS).iterator(chunk_size=5000)
    for number, domain, tenant_id, person_id, role, role_domain, active, name, calling, *digests in columns:
        role_name = role_key(role, role_domain) if role else ""
        settings = from_plain(Calling, calling) if calling else USUAL
        name_and_rights = (f"{number}@{domain}", tenant_id, person_id, role_name, active, name)
        md5, sha256, old_md5, old_sha256 = digests
        yield Subscriber(*name_and_rights, md5, sha256, old_md5, old_sha256, groups.get(person_id, ()), settings)
