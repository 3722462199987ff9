"""REST: phones, and what holds for all phones of a tenant."""

from typing import Annotated, Any

from ninja import Field, Query, Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, RowId, of_tenant, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.provisioning import changes, importing
from ringfence.portal.provisioning.directory import address_of, admin_password_of, file_address_of, login_of
from ringfence.portal.provisioning.models import USUAL_CODECS, Opening, Phone, ProvisioningRules
from ringfence.portal.provisioning.render import Key
from ringfence.portal.provisioning.vendors import Codec, KeyKind, Srtp, Transport, Vendor
from ringfence.portal.provisioning.wish import MOST_GRACE, MOST_KEYS, MOST_NETWORKS, Wish, plain_mac
from ringfence.portal.schema import In, Out
from ringfence.portal.tables.csvlines import LONGEST_FILE
from ringfence.portal.tenants.api import tenant_of

router = Router()

Vlan = Annotated[int | None, Field(ge=1, le=4094)]


class KeyIn(In):
    """A key beside the display: a lamp of an extension, or a number to call."""

    kind: KeyKind = KeyKind.BLF
    value: str = Field(max_length=32)
    label: str = Field("", max_length=64)


class PhoneBase(In):
    mac: str = Field("", max_length=20, description="12 hexadecimal digits; only apps have none.")
    model: str = Field("", max_length=64)
    transport: Transport = Transport.TLS
    srtp: Srtp = Srtp.OPTIONAL
    codecs: list[Codec] = Field(list(USUAL_CODECS), max_length=len(Codec))
    keys: list[KeyIn] = Field([], max_length=MOST_KEYS)
    voice_vlan: Vlan = Field(None, description="null: what holds for the tenant.")
    time_server: str = Field("", max_length=253, description="Empty: the tenant's, or else what the phone has.")
    firmware: str = Field("", max_length=500)
    web_page: bool = Field(False, description="Whether the phone's own web page is on.")
    networks: list[str] = Field([], max_length=MOST_NETWORKS, description="Where its files may be fetched from.")
    needs_login: bool = Field(False, description="Whether it has to send a user name and a password for its files.")
    opening: Opening = Opening.ONCE
    grace_minutes: int = Field(15, ge=0, le=MOST_GRACE)


class PhoneIn(PhoneBase):
    """A new phone of an extension."""

    tenant_id: RowId
    extension: str = Field(max_length=64)
    vendor: Vendor


class PhonePatch(PhoneBase):
    """What is left out stays. Another extension changes every secret the phone has held."""

    extension: str = Field("", max_length=64)
    vendor: Vendor = Vendor.GENERIC


class PhoneOut(Out):
    """`open_until` is null where the directory is always open; `bound_to` is the address it answers in this window."""

    id: int
    tenant_id: int
    extension: str
    vendor: Vendor
    mac: str
    model: str
    transport: Transport
    srtp: Srtp
    codecs: list[Codec]
    keys: list[dict[str, str]]
    voice_vlan: int | None
    time_server: str
    firmware: str
    web_page: bool
    networks: list[str]
    needs_login: bool
    opening: Opening
    grace_minutes: int
    open_until: str | None
    bound_to: str
    fetched_at: str | None
    fetched_from: str


class DirectoryOut(PhoneOut):
    """`directory` is what the phone is told, `file` the whole address of its first file. Keep both secret."""

    directory: str
    file: str
    login_user: str
    login_password: str
    admin_password: str


class PhonePage(PageOut):
    items: list[PhoneOut]


class PhoneFileIn(In):
    """A CSV file of phones; with `dry_run` it is only looked at."""

    tenant_id: RowId
    text: str = Field(max_length=LONGEST_FILE)
    dry_run: bool = True


class PhoneLineOut(Out):
    line: int
    extension: str
    mac: str
    faults: list[str]


class PhoneFileOut(Out):
    """`made` counts the phones that were made: all or none."""

    made: int
    lines: list[PhoneLineOut]


class ProvisioningOut(Out):
    server: str
    networks: list[str]
    time_server: str
    voice_vlan: int | None


class ProvisioningPatch(In):
    server: str = Field("", max_length=253, description="Name of this system for phones. Empty: its address.")
    networks: list[str] = Field([], max_length=MOST_NETWORKS)
    time_server: str = Field("", max_length=253)
    voice_vlan: Vlan = None


def shown(row: Phone) -> dict[str, Any]:
    is_always = row.opening == Opening.ALWAYS
    return {
        "id": row.pk,
        "tenant_id": row.tenant_id,
        **changes.facts(row),
        "open_until": None if is_always or row.open_until is None else row.open_until.isoformat(timespec="seconds"),
        "bound_to": "" if is_always else row.bound_to,
        "fetched_at": row.fetched_at.isoformat(timespec="seconds") if row.fetched_at else None,
        "fetched_from": row.fetched_from,
    }


def shown_with_directory(row: Phone) -> dict[str, Any]:
    login = login_of(row)
    return {
        **shown(row),
        "directory": address_of(row),
        "file": file_address_of(row),
        "login_user": login.user if login else "",
        "login_password": login.password if login else "",
        "admin_password": admin_password_of(row),
    }


def phone_of(actor: Actor, phone_id: int) -> Phone:
    """Raises NotFound."""
    found: Phone | None = Phone.objects.visible_to(actor).whole().filter(pk=phone_id).first()
    if found is None:
        raise NotFound(detail="There is no such phone.")
    return found


def wish_of(given: dict[str, Any]) -> Wish:
    """A wish from the fields of a body."""
    values = {name: value for name, value in given.items() if name not in ("tenant_id", "extension")}
    values["mac"] = plain_mac(values["mac"])
    values["codecs"] = tuple(Codec(name) for name in values["codecs"])
    values["keys"] = tuple(Key(KeyKind(key["kind"]), key["value"], key["label"]) for key in values["keys"])
    values["networks"] = tuple(values["networks"])
    kinds = {"vendor": Vendor, "transport": Transport, "srtp": Srtp, "opening": Opening}
    return Wish(**{**values, **{name: kind(values[name]) for name, kind in kinds.items()}})


@router.get("phones", response=PhonePage)
@needs(Permission.PHONES_READ)
def list_phones(
    request: ApiRequest, page: PageQuery, tenant_id: Annotated[RowId | None, Query()] = None
) -> dict[str, Any]:
    found = Phone.objects.visible_to(request.auth).whole()
    return rows(of_tenant(found, tenant_id), page, shown)


@router.post("phones", response={201: DirectoryOut})
@needs(Permission.PHONES_WRITE)
def create_phone(request: ApiRequest, payload: PhoneIn) -> Status[Any]:
    extension = changes.extension_named(request.auth, payload.tenant_id, payload.extension)
    made = changes.add(request.auth, extension, wish_of(payload.dict()))
    return Status(201, shown_with_directory(made))


@router.post("phones/import", response=PhoneFileOut)
@needs(Permission.PHONES_WRITE)
def import_phones(request: ApiRequest, payload: PhoneFileIn) -> dict[str, Any]:
    """Looks at the whole file first; it is made only when every line can be."""
    changes.tenant_of(request.auth, payload.tenant_id)
    lines = importing.try_out(request.auth, importing.read(payload.text, payload.tenant_id))
    faulty = any(line.faults for line in lines)
    made = 0 if payload.dry_run or faulty else len(importing.make_all(request.auth, lines))
    told = [
        {"line": line.number, "extension": line.extension, "mac": line.mac, "faults": list(line.faults)}
        for line in lines
    ]
    return {"made": made, "lines": told}


@router.get("phones/{int:phone_id}", response=PhoneOut)
@needs(Permission.PHONES_READ)
def show_phone(request: ApiRequest, phone_id: RowId) -> dict[str, Any]:
    return shown(phone_of(request.auth, phone_id))


@router.patch("phones/{int:phone_id}", response=PhoneOut)
@needs(Permission.PHONES_WRITE)
def change_phone(request: ApiRequest, phone_id: RowId, payload: PhonePatch) -> dict[str, Any]:
    row = phone_of(request.auth, phone_id)
    given = payload.dict(exclude_unset=True)
    number = given.pop("extension", "") or row.extension.number
    extension = changes.extension_named(request.auth, row.tenant_id, number)
    wish = wish_of({**changes.facts(row), **given})
    return shown(changes.alter(request.auth, row, wish, extension))


@router.delete("phones/{int:phone_id}", response={204: None})
@needs(Permission.PHONES_WRITE)
def delete_phone(request: ApiRequest, phone_id: RowId) -> Status[Any]:
    changes.remove(request.auth, phone_of(request.auth, phone_id))
    return Status(204, None)


@router.post("phones/{int:phone_id}/directory", response=DirectoryOut)
@needs(Permission.PHONES_WRITE)
def show_directory(request: ApiRequest, phone_id: RowId) -> dict[str, Any]:
    """The secret address and passwords of a phone; who asked is in the audit log."""
    row = phone_of(request.auth, phone_id)
    changes.note_shown(request.auth, row)
    return shown_with_directory(row)


@router.post("phones/{int:phone_id}/rotate", response=DirectoryOut)
@needs(Permission.PHONES_WRITE)
def rotate_directory(request: ApiRequest, phone_id: RowId) -> dict[str, Any]:
    """Another directory; the old address leads nowhere."""
    return shown_with_directory(changes.rotate(request.auth, phone_of(request.auth, phone_id)))


@router.post("phones/{int:phone_id}/open", response=PhoneOut)
@needs(Permission.PHONES_WRITE)
def open_directory(request: ApiRequest, phone_id: RowId) -> dict[str, Any]:
    """Opens the directory for 15 minutes and asks the registered phone to fetch."""
    return shown(changes.reopen(request.auth, phone_of(request.auth, phone_id)))


@router.get("tenants/{int:tenant_id}/provisioning", response=ProvisioningOut)
@needs(Permission.PHONES_READ)
def show_rules(request: ApiRequest, tenant_id: RowId) -> dict[str, Any]:
    return changes.rules_facts(ProvisioningRules.of(tenant_of(request.auth, tenant_id)))


@router.patch("tenants/{int:tenant_id}/provisioning", response=ProvisioningOut)
@needs(Permission.PHONES_WRITE)
def change_rules(request: ApiRequest, tenant_id: RowId, payload: ProvisioningPatch) -> dict[str, Any]:
    tenant = tenant_of(request.auth, tenant_id)
    return changes.rules_facts(changes.set_rules(request.auth, tenant, **payload.dict(exclude_unset=True)))
