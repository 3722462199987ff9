"""What can be done to ring groups and announcements."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from ringfence.audio.g711 import RATE
from ringfence.audio.wav import WavRefused, ulaw_from_wav
from ringfence.policy.outgoing.numbers import dialled_number
from ringfence.policy.settings import Problem
from ringfence.portal import audio, places
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.answering.models import Announcement, RingGroup, TimeCondition
from ringfence.portal.change import change
from ringfence.portal.inbound.written import objection_to_number
from ringfence.portal.people.models import Extension
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused, refuse
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.text import label_problem

MOST_MEMBERS: Final = 50
RING_SECONDS: Final = range(5, 121)
LONGEST_SECONDS: Final = 40
_NUMBER: Final = re.compile(r"[0-9]{3,64}")


@dataclass(frozen=True, slots=True)
class GroupWish:
    """A whole ring group as it is to be. `members` are extensions in the order they ring."""

    number: str
    name: str
    members: tuple[str, ...]
    together: bool = True
    ring_seconds: int = 20
    otherwise: str = ""


def create_group(actor: Actor, tenant_id: int, wish: GroupWish) -> RingGroup:
    """Raises Refused or NotFound."""
    tenant = tenant_of(actor, tenant_id)
    return _save(actor, RingGroup(tenant=tenant), wish)


def change_group(actor: Actor, group: RingGroup, wish: GroupWish) -> RingGroup:
    """Raises Refused."""
    return _save(actor, group, wish)


def _save(actor: Actor, group: RingGroup, wish: GroupWish) -> RingGroup:
    require(actor, Permission.INBOUND_WRITE)
    if problems := _problems(group, wish):
        raise Refused(problems)
    with change(actor) as draft:
        old = facts(group) if group.pk else None
        group.number, group.name, group.members = wish.number, wish.name.strip(), list(wish.members)
        group.together, group.ring_seconds, group.otherwise = wish.together, wish.ring_seconds, wish.otherwise
        group.save()
        action = "ring_group.changed" if old else "ring_group.created"
        draft.record(action, group.pk, group.name, old, facts(group), group.tenant_id)
        draft.rules()
    return group


def delete_group(actor: Actor, group: RingGroup) -> None:
    require(actor, Permission.INBOUND_WRITE)
    with change(actor) as draft:
        draft.record("ring_group.deleted", group.pk, group.name, old=facts(group), tenant_id=group.tenant_id)
        draft.rules()
        group.delete()


def _problems(group: RingGroup, wish: GroupWish) -> list[Problem]:
    found = [*number_problems(group.tenant_id, wish.number, group), *name_problems(wish.name)]
    if not 1 <= len(wish.members) <= MOST_MEMBERS or len(set(wish.members)) != len(wish.members):
        found.append(Problem("members", "members.count", f"A ring group has 1 to {MOST_MEMBERS} different members."))
    known = set(
        Extension.objects.filter(tenant_id=group.tenant_id, number__in=wish.members).values_list("number", flat=True)
    )
    if unknown := [member for member in wish.members if member not in known]:
        found.append(Problem("members", "members.unknown", f"The tenant has no extension {unknown[0][:64]}."))
    if wish.ring_seconds not in RING_SECONDS:
        message = f"It rings {RING_SECONDS.start} to {RING_SECONDS.stop - 1} seconds."
        found.append(Problem("ring_seconds", "ring_group.ring_seconds", message))
    if wish.otherwise and (dialled_number(wish.otherwise) != wish.otherwise or wish.otherwise == wish.number):
        message = "This is another number as it is dialled inside, such as 101, or *99101 for its voicemail."
        found.append(Problem("otherwise", "ring_group.otherwise", message))
    elif wish.otherwise and (objection := objection_to_number(group.tenant, "otherwise", wish.otherwise)):
        found.append(objection)
    return found


def name_problems(name: str) -> list[Problem]:
    problem = label_problem("name", name)
    return [problem] if problem else []


def number_problems(tenant_id: int, number: str, own: RingGroup | Announcement | TimeCondition) -> list[Problem]:
    """A number is that of one thing in its tenant."""
    if not _NUMBER.fullmatch(number):
        return [Problem("number", "number.syntax", "A number is 3 to 64 digits, as in 600.")]
    taken = Extension.objects.filter(tenant_id=tenant_id, number=number).exists() or any(
        model.objects.filter(tenant_id=tenant_id, number=number)
        .exclude(pk=own.pk or 0 if isinstance(own, model) else 0)
        .exists()
        for model in (RingGroup, Announcement, TimeCondition)
    )
    return [Problem("number", "number.taken", f"The number {number} is in use in this tenant.")] if taken else []


def create_announcement(actor: Actor, tenant_id: int, number: str, name: str, wav: bytes) -> Announcement:
    """Raises Refused or NotFound."""
    require(actor, Permission.INBOUND_WRITE)
    row = Announcement(tenant=tenant_of(actor, tenant_id), number=number, name=name.strip())
    if problems := [*number_problems(tenant_id, number, row), *name_problems(name)]:
        raise Refused(problems)
    try:
        ulaw = ulaw_from_wav(wav, LONGEST_SECONDS)
    except WavRefused as error:
        raise refuse("audio", "audio.wav", f"Not taken: {error}.") from error
    row.seconds = round(len(ulaw) / RATE, 1)
    with change(actor) as draft:
        row.save()
        path = file_of(row.pk)
        transaction.on_commit(lambda: audio.lay_out(path, ulaw))
        draft.record("announcement.created", row.pk, row.name, new=announced(row), tenant_id=tenant_id)
        draft.rules()
    return row


def delete_announcement(actor: Actor, row: Announcement) -> None:
    require(actor, Permission.INBOUND_WRITE)
    with change(actor) as draft:
        draft.record("announcement.deleted", row.pk, row.name, old=announced(row), tenant_id=row.tenant_id)
        draft.rules()
        path = file_of(row.pk)
        row.delete()
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def file_of(announcement_id: int) -> Path:
    return places.PATHS.prompts / f"announcement-{announcement_id}.ulaw"


def facts(group: RingGroup) -> dict[str, Any]:
    """What the audit log keeps, and REST shows."""
    names = ("number", "name", "together", "ring_seconds", "members", "otherwise")
    return {name: getattr(group, name) for name in names}


def announced(row: Announcement) -> dict[str, Any]:
    return {"number": row.number, "name": row.name, "seconds": row.seconds}


def tenant_of(actor: Actor, tenant_id: int) -> Tenant:
    found: Tenant | None = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if found is None:
        raise NotFound([Problem("tenant_id", "tenant.not_found", "There is no such tenant.")])
    return found
