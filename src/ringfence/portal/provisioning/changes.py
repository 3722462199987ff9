"""What can be done to phones."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from ringfence.policy.addresses import parse_network
from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import SECRET_CHANGED, change
from ringfence.portal.people.changes import rotate_secret
from ringfence.portal.people.escalation import may_do_as_much, stand_above
from ringfence.portal.people.models import Extension, Person
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, Forbidden, NotFound, Refused
from ringfence.portal.provisioning import resync as calling
from ringfence.portal.provisioning.directory import new_directory
from ringfence.portal.provisioning.models import Opening, Phone, ProvisioningRules
from ringfence.portal.provisioning.render import Key
from ringfence.portal.provisioning.sheet import NoTransport, port_of
from ringfence.portal.provisioning.vendors import Codec, KeyKind, Srtp, Transport, Vendor
from ringfence.portal.provisioning.wish import Wish, host_problem, network_problems, problems, vlan_problem
from ringfence.portal.tenants.models import Tenant

MOST_OF_AN_EXTENSION: Final = 20
FIRST_WINDOW: Final = timedelta(days=7)
"""How long a new phone may take until its first fetch."""

APP_WINDOW: Final = timedelta(minutes=30)
"""An app is set up while its owner looks at the QR code."""


def tenant_of(actor: Actor, tenant_id: int) -> Tenant:
    """The tenant a body names. Raises NotFound."""
    tenant: Tenant | None = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if tenant is None:
        raise NotFound([Problem("tenant_id", "tenant.not_found", "There is no such tenant.")])
    return tenant


def extension_named(actor: Actor, tenant_id: int, number: str) -> Extension:
    """Raises NotFound."""
    tenant = tenant_of(actor, tenant_id)
    found = Extension.objects.select_related("person__role", "tenant").filter(tenant=tenant, number=number).first()
    if found is None:
        message = f"{tenant.name} has no extension {number[:64]}."
        raise NotFound([Problem("extension", "extension.not_found", message)])
    return found


def add(actor: Actor, extension: Extension, wish: Wish) -> Phone:
    """The new phone; its directory is open for a week. Raises Refused or Forbidden."""
    _may_equip(actor, extension.person)
    return _add(actor, extension, wish, FIRST_WINDOW)


def add_app(actor: Actor, extension: Extension, wish: Wish) -> Phone:
    """By the owner of the extension: an app, whose directory answers once and within half an hour. Raises Refused."""
    if not actor.is_person(extension.person_id):
        raise Forbidden(detail="Only the owner of an extension sets up apps for it.")
    once = replace(wish, vendor=Vendor.GENERIC, opening=Opening.ONCE, grace_minutes=0, needs_login=False)
    return _add(actor, extension, once, APP_WINDOW)


def _add(actor: Actor, extension: Extension, wish: Wish, window: timedelta) -> Phone:
    _refuse(wish)
    _refuse_in_the_clear(extension, wish)
    with change(actor) as draft:
        if Phone.objects.filter(extension=extension).count() >= MOST_OF_AN_EXTENSION:
            message = f"Extension {extension.number} has {MOST_OF_AN_EXTENSION} phones, and more are not possible."
            raise Conflict([Problem("extension", "phone.too_many", message)])
        row = Phone(tenant=extension.tenant, extension=extension)
        _refuse_twin(row, wish)
        _fill(row, wish)
        row.open_until = timezone.now() + window
        row.token_digest = f"new {extension.pk} {timezone.now().timestamp()}"[:64]
        row.save()
        row.token_digest = ""
        new_directory(row)
        row.save()
        draft.record("phone.created", row.pk, str(row), new=facts(row), tenant_id=row.tenant_id)
    return row


def alter(actor: Actor, row: Phone, wish: Wish, extension: Extension | None = None) -> Phone:
    """Raises Refused or Forbidden. Another extension means other hands: everything secret changes with it."""
    _may_equip(actor, row.extension.person)
    _refuse(wish)
    _refuse_in_the_clear(row.extension, wish)
    former = row.extension if extension is not None and extension.pk != row.extension_id else None
    if former is not None and extension is not None:
        _refuse_stranger(row, extension)
        _may_equip(actor, extension.person)
        stand_above(actor, former.person)
    with change(actor) as draft:
        _refuse_twin(row, wish)
        before = facts(row)
        _fill(row, wish)
        if former is not None and extension is not None:
            row.extension = extension
            _renew(row)
        row.save()
        told = {"directory": ""} if former is not None else {}
        after = {**facts(row), **({"directory": SECRET_CHANGED} if former is not None else {})}
        draft.record("phone.changed", row.pk, str(row), {**before, **told}, after, row.tenant_id)
    if former is not None:
        rotate_secret(actor, former.person)
        return row  # it is told the new directory by hand, which takes longer than a phone that is called
    calling.resync(row.extension, [row])
    return row


def rotate(actor: Actor, row: Phone) -> Phone:
    """Another directory and other passwords; the old address leads nowhere from now on. Raises Refused."""
    _may_equip(actor, row.extension.person)
    with change(actor) as draft:
        _renew(row)
        row.save()
        draft.record("phone.rotated", row.pk, str(row), new={"directory": SECRET_CHANGED}, tenant_id=row.tenant_id)
    return row


def reopen(actor: Actor, row: Phone) -> Phone:
    """Opens the directory for 15 minutes, to the next address that comes, and asks the phone to come.

    Raises Forbidden.
    """
    _may_equip(actor, row.extension.person)
    with change(actor) as draft:
        calling.reopen([row])
        draft.record("phone.opened", row.pk, str(row), tenant_id=row.tenant_id)
    calling.resync(row.extension, [row])
    row.refresh_from_db()
    return row


def note_shown(actor: Actor, row: Phone) -> None:
    """Who saw the secret address is written down. Raises Forbidden."""
    _may_equip(actor, row.extension.person)
    with change(actor) as draft:
        draft.record("phone.directory_shown", row.pk, str(row), tenant_id=row.tenant_id)


def remove(actor: Actor, row: Phone) -> None:
    """The directory is gone; the SIP secret that the phone holds stays valid until it is changed. Raises Forbidden."""
    _may_equip(actor, row.extension.person)
    with change(actor) as draft:
        draft.record("phone.deleted", row.pk, str(row), old=facts(row), tenant_id=row.tenant_id)
        row.delete()


def set_rules(actor: Actor, tenant: Tenant, **wish: Any) -> ProvisioningRules:
    """What is given of `server`, `networks`, `time_server` and `voice_vlan` holds for all phones. Raises Refused."""
    require(actor, Permission.PHONES_WRITE)
    row = ProvisioningRules.of(tenant)
    before = rules_facts(row)
    now = {**before, **wish}
    found = [
        *network_problems(now["networks"]),
        vlan_problem(now["voice_vlan"]),
        host_problem("time_server", now["time_server"]),
        host_problem("server", now["server"]),
    ]
    if refused := [problem for problem in found if problem]:
        raise Refused(refused)
    row.networks = [str(parse_network(one)) for one in now["networks"]]
    row.voice_vlan, row.time_server, row.server = now["voice_vlan"], now["time_server"], now["server"]
    with change(actor) as draft:
        row.save()
        draft.record("provisioning.changed", tenant.pk, tenant.name, before, rules_facts(row), tenant.pk)
    return row


def rules_facts(row: ProvisioningRules) -> dict[str, Any]:
    return {
        "server": row.server,
        "networks": list(row.networks),
        "time_server": row.time_server,
        "voice_vlan": row.voice_vlan,
    }


def facts(row: Phone) -> dict[str, Any]:
    """A phone without anything secret."""
    return {
        "extension": row.extension.number,
        "vendor": row.vendor,
        "mac": row.mac,
        "model": row.model,
        "transport": row.transport,
        "srtp": row.srtp,
        "codecs": list(row.codecs),
        "keys": list(row.keys),
        "voice_vlan": row.voice_vlan,
        "time_server": row.time_server,
        "firmware": row.firmware,
        "web_page": row.web_page,
        "networks": list(row.networks),
        "needs_login": row.needs_login,
        "opening": row.opening,
        "grace_minutes": row.grace_minutes,
    }


def wish_of(row: Phone) -> Wish:
    """A stored phone as a wish, to be changed in part."""
    return Wish(
        vendor=Vendor(row.vendor),
        mac=row.mac,
        model=row.model,
        transport=Transport(row.transport),
        srtp=Srtp(row.srtp),
        codecs=tuple(Codec(name) for name in row.codecs),
        keys=tuple(Key(KeyKind(key["kind"]), key["value"], key["label"]) for key in row.keys),
        voice_vlan=row.voice_vlan,
        time_server=row.time_server,
        firmware=row.firmware,
        web_page=row.web_page,
        networks=tuple(row.networks),
        needs_login=row.needs_login,
        opening=Opening(row.opening),
        grace_minutes=row.grace_minutes,
    )


def _may_equip(actor: Actor, person: Person) -> None:
    """A phone's file holds its owner's SIP secret, so only who may do as much as the owner. Raises Forbidden."""
    if actor.is_person(person.pk):
        return
    require(actor, Permission.PHONES_WRITE)
    if not may_do_as_much(actor, person):
        message = "The owner of this extension may do more than you, so you cannot set up phones for it."
        raise Forbidden([Problem("extension", "role.escalation", message)])


def _renew(row: Phone) -> None:
    new_directory(row)
    row.open_until, row.bound_to, row.refused_at = timezone.now() + FIRST_WINDOW, "", None


def _refuse(wish: Wish) -> None:
    found = problems(wish)
    try:
        port_of(wish.transport)
    except NoTransport as missing:
        found.append(Problem("transport", "phone.transport", f"This system has {missing}; see Transports."))
    if found:
        raise Refused(found)


def _refuse_in_the_clear(extension: Extension, wish: Wish) -> None:
    if extension.tenant.tls_only and wish.transport is not Transport.TLS:
        message = f"The tenant {extension.tenant.name} speaks TLS only, so its phones are set to TLS."
        raise Refused([Problem("transport", "phone.transport_in_the_clear", message)])


def _refuse_twin(row: Phone, wish: Wish) -> None:
    if not wish.mac:
        return
    twins = Phone.objects.filter(tenant_id=row.tenant_id, mac=wish.mac).exclude(pk=row.pk)
    for number in twins.values_list("extension__number", flat=True)[:1]:
        message = f"Extension {number} has the phone with this MAC address."
        raise Conflict([Problem("mac", "phone.exists", message)])


def _refuse_stranger(row: Phone, extension: Extension) -> None:
    if extension.tenant_id != row.tenant_id:
        raise Refused([Problem("extension", "extension.not_found", "A phone stays in its tenant.")])


def _fill(row: Phone, wish: Wish) -> None:
    row.vendor, row.mac, row.model = wish.vendor.value, wish.mac, wish.model.strip()
    row.transport, row.srtp = wish.transport.value, wish.srtp.value
    row.codecs = [codec.value for codec in wish.codecs]
    row.keys = [{"kind": key.kind.value, "value": key.value, "label": key.label.strip()} for key in wish.keys]
    row.voice_vlan, row.time_server, row.firmware = wish.voice_vlan, wish.time_server, wish.firmware
    row.web_page, row.needs_login = wish.web_page, wish.needs_login
    row.networks = [str(parse_network(one)) for one in wish.networks]
    row.opening, row.grace_minutes = wish.opening.value, wish.grace_minutes
