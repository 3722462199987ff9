"""Adds entries to the audit log, and proves that none was altered, removed or cut off."""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from ringfence.portal.actor import Actor
from ringfence.portal.audit import anchor
from ringfence.portal.audit.anchor import AnchorBroken, End
from ringfence.portal.audit.models import ChainHead, Checkpoint, Entry

START: Final = End(0, "0" * 64)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many entries were proved, and from which one on; `problem` is empty while everything fits."""

    entries: int
    first: int
    problem: str = ""
    broken_at: int | None = None


@transaction.atomic(savepoint=False)
def append(
    actor: Actor,
    action: str,
    object_id: str = "",
    object_label: str = "",
    changes: dict[str, Any] | None = None,
    tenant_id: int | None = None,
) -> Entry:
    """Adds an entry; call it inside the transaction of the change it describes, if there is one."""
    head = ChainHead.objects.select_for_update().get_or_create(pk=1)[0]
    entry = Entry(
        id=head.last_id + 1,
        at=timezone.now().isoformat(timespec="microseconds"),
        actor=actor.name,
        address=actor.address,
        action=action,
        object_id=object_id,
        object_label=object_label[:320],
        tenant_id=tenant_id,
        changes=json.loads(json.dumps(changes or {}, default=str)),
        previous_hash=head.last_hash,
    )
    entry.hash = digest_of(entry)
    entry.save(force_insert=True)
    head.last_id, head.last_hash = entry.id, entry.hash
    head.save(update_fields=["last_id", "last_hash"])
    transaction.on_commit(partial(anchor.advance, End(entry.id, entry.hash)))
    return entry


def digest_of(entry: Entry) -> str:
    """The hash over everything the entry says and the hash before it."""
    parts = [
        entry.id, entry.at, entry.actor, entry.address, entry.action, entry.object_id,
        entry.object_label, entry.tenant_id, entry.changes, entry.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def head() -> End:
    """The end of the chain as the table has it."""
    row = ChainHead.objects.filter(pk=1).first()
    return End(row.last_id, row.last_hash) if row else START


def verify() -> Verdict:
    """Goes through the whole chain, from the last checkpoint to the anchor."""
    checkpoint = Checkpoint.objects.order_by("-last_id").first()
    start = START if checkpoint is None else End(checkpoint.last_id, checkpoint.last_hash)
    if checkpoint is not None and not anchor.is_signed(checkpoint.words, checkpoint.signature):
        return Verdict(0, start.last_id + 1, "The checkpoint of deleted entries is not signed by this system.")
    try:
        anchored = anchor.read()
    except AnchorBroken as error:
        return Verdict(0, start.last_id + 1, f"The end of the log cannot be proved: {error}.")
    return _walk(start, anchored)


def _walk(start: End, anchored: End) -> Verdict:
    number, previous = start.last_id, start.last_hash
    at_anchor = previous if anchored.last_id == number else ""
    for entry in Entry.objects.filter(id__gt=start.last_id).order_by("id").iterator():
        number += 1
        if entry.id != number or entry.previous_hash != previous or entry.hash != digest_of(entry):
            problem = f"The audit log is broken at entry {number}: it was altered or removed."
            return Verdict(number - 1 - start.last_id, start.last_id + 1, problem, number)
        previous = entry.hash
        at_anchor = previous if number == anchored.last_id else at_anchor
    count = number - start.last_id
    if number < anchored.last_id:
        problem = f"The newest entries are missing: the log ends at {number}, it once reached {anchored.last_id}."
        return Verdict(count, start.last_id + 1, problem, number + 1)
    if at_anchor != anchored.last_hash:
        problem = "The chain was written anew: it fits in itself, but it is not the one that this system wrote."
        return Verdict(count, start.last_id + 1, problem, anchored.last_id)
    if head() != End(number, previous):
        return Verdict(count, start.last_id + 1, "The newest entries are missing from the table.", number + 1)
    return Verdict(count, start.last_id + 1)
