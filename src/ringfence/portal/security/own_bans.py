"""Bans that concern the people of a tenant, for its administrators: page and REST.

What they may see and lift is decided by the guard (guard/offenders/own_bans.py), which knows the phones
behind an address.
"""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from ninja import Field, Router, Status

from ringfence.portal import guard
from ringfence.portal.access import actor_of, needs, permitted, require
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.change import change
from ringfence.portal.paging import PageOut, PageQuery, RowId, cut_elsewhere
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused, refuse
from ringfence.portal.schema import In, Out
from ringfence.portal.security import changes
from ringfence.portal.tables import Column, Empty, Part, Remote, Table, answer
from ringfence.portal.tables.csvfile import instant
from ringfence.portal.tenants.models import Tenant

router = Router()
PATH: Final = "/blocked-addresses"
LONGEST_PLACE: Final = 200


def _narrowed_by_guard(found: Any, _: str) -> Any:
    return found


OWN_BANS: Final = Table(
    name=_("blocked addresses"),
    path=PATH,
    row="security/own_bans_row.html",
    columns=(
        Column("address", _("Address")),
        Column("accounts", _("Accounts tried")),
        Column("phones", _("Registered from here"), (), "hide-phone"),
        Column("since", _("Since"), (), "hide-phone"),
        Column("left", _("Left")),
        Column("actions", ""),
    ),
    order="",
    empty=Empty("shield-check", _("Nobody is blocked"), _("No ban concerns your people at this moment.")),
    search=_narrowed_by_guard,
    search_hint=_("Address or rule"),
    export=(
        *((name, lambda row, name=name: row.get(name)) for name in ("address", "scope", "rule")),
        *((name, lambda row, name=name: instant(row.get(name))) for name in ("since", "until")),
        *((name, lambda row, name=name: " ".join(row.get(name, ()))) for name in ("accounts", "phones")),
    ),
    live=5,
)


class OwnBan(Out):
    address: str
    scope: str
    rule: str
    since: float
    until: float
    seconds_left: float
    accounts: list[str] = Field(description="of the tenant, tried from there")
    phones: list[str] = Field(description="of the tenant, registered from there")
    may_lift: bool


class OwnBanPage(PageOut):
    items: list[OwnBan]


class OwnLiftIn(In):
    address: str = Field(max_length=64)
    tenant_id: RowId | None = None


@permitted(Permission.BANS_READ)
def own_bans(request: HttpRequest) -> HttpResponse:
    """The newest first. While the guard does not answer, the page says so and asks again."""
    tenant = tenant_of(actor_of(request))

    def page(search: str, after: str, before: str, size: int) -> tuple[Part, int]:
        found = page_of(tenant, search=search, after=after, before=before, limit=size)
        return Part(found["bans"], found["has_previous"], found["has_next"]), found["count"]

    try:
        return answer(request, OWN_BANS, Remote(page, lambda ban: str(ban["place"])), "security/own_bans.html")
    except Refused as refused:
        return answer(request, OWN_BANS, [], "security/own_bans.html", guard_down=refused.detail)


@permitted(Permission.BANS_LIFT)
@require_POST
def lift(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    try:
        address = lift_own(actor, tenant_of(actor), request.POST.get("address", ""))
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _now("The ban of %(address)s is lifted.") % {"address": address})
    return HttpResponseRedirect(PATH)


@router.get("own-bans", response=OwnBanPage)
@needs(Permission.BANS_READ)
def list_own_bans(request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None) -> dict[str, Any]:
    """Bans that concern the people of a tenant; without one your own."""
    tenant = tenant_of(request.auth, tenant_id)
    return cut_elsewhere(page, lambda place, size: page_of(tenant, after=place, limit=size), "bans")


@router.post("own-bans/lift", response={204: None})
@needs(Permission.BANS_LIFT)
def lift_own_ban(request: ApiRequest, payload: OwnLiftIn) -> Status[Any]:
    """Lifts a ban of an address where a phone of the tenant lives and from which nobody else was tried."""
    lift_own(request.auth, tenant_of(request.auth, payload.tenant_id), payload.address)
    return Status(204, None)


def tenant_of(actor: Actor, tenant_id: int | None = None) -> Tenant:
    """The tenant in question, one that the actor may see. Raises Refused."""
    visible = Tenant.objects.visible_to(actor)
    wanted = actor.tenant_id if tenant_id is None else tenant_id
    found: Tenant | None = visible.filter(pk=wanted).first() if wanted else None
    if found is None:
        raise refuse("tenant_id", "tenant.not_found", "There is no such tenant.")
    return found


def page_of(tenant: Tenant, search: str = "", after: str = "", before: str = "", limit: int = 50) -> dict[str, Any]:
    """Some bans that concern a tenant, the newest first, cut out by the guard."""
    found: dict[str, Any] = guard.ask(
        "bans.own",
        domain=tenant.domain,
        search=search,
        after=after[:LONGEST_PLACE],
        before=before[:LONGEST_PLACE],
        limit=limit,
    )
    return found


def lift_own(actor: Actor, tenant: Tenant, key: str) -> str:
    """Lifts a ban that concerns this tenant alone and says of which address. Raises Refused."""
    require(actor, Permission.BANS_LIFT)
    address = changes.ban_address(key)
    guard.ask("bans.lift-own", address=address, domain=tenant.domain, by=actor.name)
    with change(actor) as draft:
        draft.record("ban.lifted", "", address, tenant_id=tenant.pk)
    return address
