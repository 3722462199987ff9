"""REST: security settings, address entries, blocked user agents, bans."""

from dataclasses import asdict, fields
from typing import Annotated, Any, Final, Literal

from ninja import Body, Field, Query, Router, Schema, Status

from ringfence.policy.addresses import clearing_note
from ringfence.policy.book import MatchKind, Protection, Target
from ringfence.policy.scope import Scope
from ringfence.policy.settings import SecuritySettings, check_settings, limits_of
from ringfence.portal import guard
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, RowId, cut_elsewhere, listed, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused, refuse
from ringfence.portal.schema import In, Instant, Out
from ringfence.portal.security import changes, protected
from ringfence.portal.security.entry_export import narrowed
from ringfence.portal.security.entry_search import State
from ringfence.portal.security.models import AddressEntry, BlockedUserAgent, ProtectedAddress, SecurityValues
from ringfence.portal.security.rehearsal import rehearse

router = Router()


Values = Annotated[dict[str, Any], Body(...)]


class EntryIn(In):
    cidr: str | None = None
    address: str | None = None
    netmask: str | None = None
    target: Target
    expires_at: Instant | None = None
    description: str = ""


class EntryPatch(In):
    target: Target | None = None
    expires_at: Instant | None = None
    description: str | None = None


class EntryOut(Out):
    id: int
    cidr: str
    address: str
    netmask: str
    target: Target
    expires_at: str | None
    description: str
    created_at: str
    created_by: str
    note: str = ""


class EntryPage(PageOut):
    items: list[EntryOut]


class EntryFilter(Schema):
    """Which entries, and in which order."""

    target: Target | None = None
    state: State | None = None
    search: str = Field("", max_length=100)
    sort: Literal["newest", "address"] = "newest"


ORDERS: Final = {"newest": ("-id",), "address": ("sort_key", "id")}


class UserAgentIn(In):
    pattern: str
    match: MatchKind = MatchKind.CONTAINS
    description: str = ""


class UserAgentOut(Out):
    id: int
    pattern: str
    match: MatchKind
    description: str


class UserAgentPage(PageOut):
    items: list[UserAgentOut]


class ProtectedIn(In):
    cidr: str
    kind: Protection
    name: str


class ProtectedOut(Out):
    id: int
    cidr: str
    kind: Protection
    name: str
    owner: str


class ProtectedPage(PageOut):
    items: list[ProtectedOut]


class BanIn(In):
    address: str
    seconds: int = Field(3600, ge=1, le=365 * 86_400)
    reason: str = Field("banned by an administrator", max_length=200)
    scope: Scope = Scope.SIP


@router.get("settings/security")
@needs(Permission.SECURITY_READ)
def show_settings(request: ApiRequest) -> dict[str, Any]:
    return asdict(SecurityValues.current())


@router.get("settings/security/limits")
@needs(Permission.SECURITY_READ)
def show_limits(request: ApiRequest) -> dict[str, Any]:
    """Label, default, unit, range and effect of each setting."""
    return {item.name: {"default": item.default, **asdict(limits_of(item.name))} for item in fields(SecuritySettings)}


@router.patch("settings/security")
@needs(Permission.SECURITY_WRITE)
def change_settings(request: ApiRequest, payload: Values) -> dict[str, Any]:
    return asdict(changes.change_settings(request.auth, payload))


@router.put("settings/security")
@needs(Permission.SECURITY_WRITE)
def replace_settings(request: ApiRequest, payload: Values) -> dict[str, Any]:
    """Settings that are left out return to their default."""
    if problems := check_settings(payload):
        raise Refused(problems)
    return asdict(changes.change_settings(request.auth, {**asdict(SecuritySettings()), **payload}))


class DryRunEntry(In):
    """`remove` asks what had been without the entry of this prefix."""

    cidr: str = Field(max_length=64)
    target: Literal["allow", "block", "remove"]


class DryRunIn(In):
    settings: dict[str, int | bool] = Field({}, max_length=100)
    entries: list[DryRunEntry] = Field([], max_length=1_000)


@router.post("settings/security/dry-run")
@needs(Permission.SECURITY_READ)
def rehearse_settings(request: ApiRequest, payload: DryRunIn) -> dict[str, Any]:
    """Replays the journal against other settings, additional entries and without others; changes nothing."""
    entries = [{"cidr": item.cidr, "target": item.target} for item in payload.entries]
    return rehearse(request.auth, payload.settings, entries)


def entry_out(entry: AddressEntry) -> dict[str, Any]:
    network = changes.parsed_prefix(entry.cidr)
    return {
        "id": entry.pk,
        **changes.entry_facts(entry),
        "address": str(network.network_address),
        "netmask": str(network.netmask),
        "created_at": entry.created_at.isoformat(),
        "created_by": entry.created_by,
    }


@router.get("ip-filters", response=EntryPage)
@needs(Permission.SECURITY_READ)
def list_entries(request: ApiRequest, page: PageQuery, wanted: Annotated[EntryFilter, Query(...)]) -> dict[str, Any]:
    """`search` is an address, a range or words of the description; `state` is in-force, expiring or expired."""
    found = narrowed(wanted.search, wanted.target or "", wanted.state or "")
    return rows(found.order_by(*ORDERS[wanted.sort]), page, entry_out)


@router.post("ip-filters", response={201: EntryOut})
@needs(Permission.SECURITY_WRITE)
def create_entry(request: ApiRequest, payload: EntryIn) -> Status[Any]:
    if (payload.cidr is None) == (payload.address is None):
        raise refuse("cidr", "ip_filter.prefix", "Give either cidr, or address with an optional netmask.")
    text, field = (payload.cidr, "cidr") if payload.cidr is not None else (payload.address, "address")
    network = changes.parsed_prefix(text or "", payload.netmask or "", field)
    entry = changes.add_entry(request.auth, network, payload.target, payload.expires_at, payload.description)
    note = clearing_note(text or "", payload.netmask or "", network)
    return Status(201, {**entry_out(entry), "note": note})


def _entry(entry_id: int) -> AddressEntry:
    found = AddressEntry.objects.filter(pk=entry_id).first()
    if found is None:
        raise NotFound(detail="There is no such entry.")
    return found


@router.get("ip-filters/{int:entry_id}", response=EntryOut)
@needs(Permission.SECURITY_READ)
def show_entry(request: ApiRequest, entry_id: RowId) -> dict[str, Any]:
    return entry_out(_entry(entry_id))


@router.patch("ip-filters/{int:entry_id}", response=EntryOut)
@needs(Permission.SECURITY_WRITE)
def change_entry(request: ApiRequest, entry_id: RowId, payload: EntryPatch) -> dict[str, Any]:
    entry = _entry(entry_id)
    expires_at = payload.expires_at if "expires_at" in payload.model_fields_set else entry.expires_at
    return entry_out(changes.change_entry(request.auth, entry, payload.target, expires_at, payload.description))


@router.delete("ip-filters/{int:entry_id}", response={204: None})
@needs(Permission.SECURITY_WRITE)
def delete_entry(request: ApiRequest, entry_id: RowId) -> Status[Any]:
    changes.remove_entry(request.auth, _entry(entry_id))
    return Status(204, None)


def user_agent_out(row: BlockedUserAgent) -> dict[str, Any]:
    return {"id": row.pk, "pattern": row.pattern, "match": str(row.match), "description": row.description}


@router.get("blocked-user-agents", response=UserAgentPage)
@needs(Permission.SECURITY_READ)
def list_user_agents(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(BlockedUserAgent.objects.all(), page, user_agent_out)


@router.post("blocked-user-agents", response={201: UserAgentOut})
@needs(Permission.SECURITY_WRITE)
def create_user_agent(request: ApiRequest, payload: UserAgentIn) -> Status[Any]:
    row = changes.block_user_agent(request.auth, payload.pattern, payload.match, payload.description)
    return Status(201, user_agent_out(row))


@router.delete("blocked-user-agents/{int:row_id}", response={204: None})
@needs(Permission.SECURITY_WRITE)
def delete_user_agent(request: ApiRequest, row_id: RowId) -> Status[Any]:
    row = BlockedUserAgent.objects.filter(pk=row_id).first()
    if row is None:
        raise NotFound(detail="There is no such entry.")
    changes.unblock_user_agent(request.auth, row)
    return Status(204, None)


@router.get("never-block")
@needs(Permission.SECURITY_READ)
def list_never_block(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    """Who can never be banned or blocked: each member with what it is and how we know. Derived, never typed."""
    return listed(guard.listed("never-block.list", "members"), page)


def protected_out(row: ProtectedAddress) -> dict[str, Any]:
    return {"id": row.pk, "cidr": row.cidr, "kind": row.kind, "name": row.name, "owner": row.owner}


@router.get("protected-addresses", response=ProtectedPage)
@needs(Permission.SECURITY_READ)
def list_protected(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    """What the configuration adds to the never-block set: cluster peers, the front proxy, trunks."""
    return rows(ProtectedAddress.objects.all(), page, protected_out)


@router.post("protected-addresses", response={201: ProtectedOut})
@needs(Permission.SECURITY_WRITE)
def create_protected(request: ApiRequest, payload: ProtectedIn) -> Status[Any]:
    row = protected.protect(request.auth, changes.parsed_prefix(payload.cidr), payload.kind, payload.name)
    return Status(201, protected_out(row))


@router.delete("protected-addresses/{int:row_id}", response={204: None})
@needs(Permission.SECURITY_WRITE)
def delete_protected(request: ApiRequest, row_id: RowId) -> Status[Any]:
    row = ProtectedAddress.objects.filter(pk=row_id).first()
    if row is None:
        raise NotFound(detail="There is no such protected address.")
    protected.unprotect(request.auth, row)
    return Status(204, None)


@router.get("bans")
@needs(Permission.SECURITY_READ)
def list_bans(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    """The newest first. The guard cuts the page out: a quarter of a million bans are not sent to show fifty."""
    return cut_elsewhere(page, lambda place, size: dict(guard.ask("bans.page", after=place, limit=size)), "bans")


@router.post("bans", response={201: dict[str, Any]})
@needs(Permission.SECURITY_WRITE)
def create_ban(request: ApiRequest, payload: BanIn) -> Status[Any]:
    return Status(201, changes.add_ban(request.auth, **payload.model_dump()))


@router.get("bans/{path:address}/explain")
@needs(Permission.SECURITY_READ)
def explain_ban(request: ApiRequest, address: str) -> dict[str, Any]:
    answer: dict[str, Any] = guard.ask("bans.explain", address=changes.ban_address(address))
    return answer


@router.delete("bans/{path:address}", response={204: None})
@needs(Permission.SECURITY_WRITE)
def lift_ban(request: ApiRequest, address: str, scope: Scope | None = None) -> Status[Any]:
    """Lifts the ban of one scope; without `scope` every ban of the address."""
    changes.lift_ban(request.auth, changes.ban_address(address), scope)
    return Status(204, None)
