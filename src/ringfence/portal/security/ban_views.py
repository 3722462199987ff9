"""Pages: the bans of the moment with their evidence, and the never-block set."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ringfence.policy.book import Target
from ringfence.policy.offenders.evidence import told
from ringfence.policy.scope import Scope
from ringfence.portal import guard
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.security import changes
from ringfence.portal.security.models import AddressEntry
from ringfence.portal.tables import BulkAction, Column, Empty, Part, Remote, Table, answer
from ringfence.portal.tables.bulk import MOST_MARKED
from ringfence.portal.tables.csvfile import instant

PROOF: Final = {
    "counted": _("counted"),
    "limit": _("limit"),
    "first and last": _("first and last"),
    "accounts tried": _("accounts tried"),
    "user agents": _("user agents"),
    "methods": _("methods"),
    "transports": _("transports"),
    "registered from there at that time": _("registered from there at that time"),
    "messages of blocked user agents, dropped besides": _("messages of blocked user agents, dropped besides"),
    "first message": _("first message"),
    "last message": _("last message"),
}
"""What stands in evidence, by the names of `policy.offenders.evidence`."""

COUNTED: Final = {"wrong password": _("wrong password"), "unknown account": _("unknown account")}
ENDINGS: Final = {"expired": _("ran out"), "renewed": _("renewed"), "lifted by hand": _("lifted by hand")}
"""How a ban ended, by the words of the ledger."""

HERE: Final = "/ip-blacklist"
LONGEST_PLACE: Final = 200


def _narrowed_by_guard(found: Any, _: str) -> Any:
    """The guard itself searches, and cuts the list into pages."""
    return found


BANS: Final = Table(
    name=_("blocked addresses"),
    path=HERE,
    row="security/bans_row.html",
    columns=(
        Column("address", _("Address")),
        Column("why", _("Why")),
        Column("since", _("Since"), (), "hide-phone"),
        Column("left", _("Left"), css="hide-phone"),
        Column("actions", ""),
    ),
    order="",
    empty=Empty(
        "shield-check", _("Nobody is blocked"), _("An address that guesses passwords appears here with the evidence.")
    ),
    search=_narrowed_by_guard,
    search_hint=_("Address, rule or reason"),
    export=(
        *((name, lambda row, name=name: row.get(name)) for name in ("address", "scope", "rule", "reason", "by")),
        *((name, lambda row, name=name: instant(row.get(name))) for name in ("since", "until")),
    ),
    bulk=(BulkAction("lift", _("Lift"), _("Lift the bans of these addresses?")),),
    live=2,
)

NEVER_BLOCK: Final = Table(
    name=_("protected addresses"),
    path=f"{HERE}/never-block",
    row="security/never_block_row.html",
    columns=(
        Column("address", _("Address or range"), ("cidr",)),
        Column("name", _("What it is"), ("name",)),
        Column("source", _("Where this comes from"), ("source",), "hide-phone"),
    ),
    order="name",
    empty=Empty("shield-lock", _("No protected address is known"), _("The guard finds them when it starts.")),
    live=10,
)


@permitted(Permission.SECURITY_READ)
def bans(request: HttpRequest) -> HttpResponse:
    """The newest first. While the guard does not answer, the page says so and asks again."""
    table = BANS if actor_of(request).may(Permission.SECURITY_WRITE) else replace(BANS, bulk=())
    try:
        return answer(request, table, Remote(page_of_bans, lambda ban: str(ban["place"])), "security/bans.html")
    except Refused as refused:
        return answer(request, table, [], "security/bans.html", guard_down=refused.detail)


def page_of_bans(search: str, after: str, before: str, size: int) -> tuple[Part, int]:
    """Some bans, cut out by the guard, and how many there are."""
    after, before = after[:LONGEST_PLACE], before[:LONGEST_PLACE]
    found = guard.ask("bans.page", search=search, after=after, before=before, limit=size)
    return Part([_described(ban) for ban in found["bans"]], found["has_previous"], found["has_next"]), found["count"]


@permitted(Permission.SECURITY_READ)
def never_block(request: HttpRequest) -> HttpResponse:
    found, facts = _asked("never-block.list", "members")
    return answer(request, NEVER_BLOCK, found, "security/never_block.html", **facts)


def _asked(verb: str, key: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    try:
        return guard.listed(verb, key), {}
    except Refused as refused:
        return [], {"guard_down": refused.detail}


class _Ban(dict[str, Any]):
    """A ban as a row: the page marks it by address and scope, and calls it by its address."""

    def __str__(self) -> str:
        return str(self["address"])


def _described(ban: dict[str, Any]) -> dict[str, Any]:
    left = ban.get("seconds_left") or max(0.0, float(ban.get("until") or 0) - timezone.now().timestamp())
    mark = f"{ban.get('scope', '')} {ban['address']}"
    return _Ban({**ban, "pk": mark, "left": left, "proof": readable(ban.get("evidence"))})


@permitted(Permission.SECURITY_READ)
def evidence(request: HttpRequest, address: str) -> HttpResponse:
    """Why this address is blocked, or is not, and what else is known about it."""
    wanted = changes.ban_address(address)
    try:
        found: dict[str, Any] = guard.ask("bans.explain", address=wanted)
    except guard.GuardSilent as silent:
        found = {"address": wanted, "guard_down": silent.detail}
    ban = found.get("ban")
    doors = [_described(door) for door in found.get("doors", [])]
    past = [{**one, "ended_why": ENDINGS.get(one["ended_why"], one["ended_why"])} for one in found.get("past", [])]
    facts = {**found, "ban": _described(ban) if isinstance(ban, dict) else None, "doors": doors, "past": past}
    return render(request, "security/evidence.html", facts)


def readable(evidence: Any) -> dict[str, str]:
    """The guard's evidence in words."""
    pieces = told(evidence, _clock, _reason) if isinstance(evidence, dict) else []
    return {str(PROOF.get(name, name)): words for name, words in pieces}


def _reason(what: str) -> str:
    return str(COUNTED.get(what, what))


def _clock(stamp: float) -> str:
    return f"{timezone.localtime(datetime.fromtimestamp(stamp, UTC)):%Y-%m-%d %H:%M:%S %Z}"


@permitted(Permission.SECURITY_WRITE)
@require_POST
def lift(request: HttpRequest) -> HttpResponse:
    """Lifts a ban; with `allow` the address gets an allow entry first, so that it cannot be banned again meanwhile."""
    actor, address = actor_of(request), changes.ban_address(request.POST.get("address", ""))
    if request.POST.get("allow"):
        network = changes.parsed_prefix(request.POST.get("address", ""))
        allowed = AddressEntry.objects.filter(cidr=str(network), target=Target.ALLOW.value)
        if not allowed.exclude(expires_at__lt=timezone.now()).exists():
            changes.add_entry(actor, network, Target.ALLOW, None, "Allowed from the list of bans")
        _lift_if_banned(request, address)
        messages.success(request, f"{address} is allowed now; its ban is lifted.")
        return HttpResponseRedirect(HERE)
    changes.lift_ban(actor, address, _scope(request.POST.get("scope", "")))
    messages.success(request, f"The ban of {address} is lifted.")
    return HttpResponseRedirect(HERE)


@permitted(Permission.SECURITY_WRITE)
@require_POST
def lift_marked(request: HttpRequest) -> HttpResponse:
    """Lifts every marked ban; one that has ended meanwhile is no fault."""
    actor, lifted = actor_of(request), 0
    for mark in request.POST.getlist("id")[:MOST_MARKED]:
        scope, _space, address = mark.partition(" ")
        try:
            changes.lift_ban(actor, changes.ban_address(address), _scope(scope))
        except guard.GuardSilent as silent:
            messages.error(request, silent.detail)
            break
        except Refused:
            continue
        lifted += 1
    text = ngettext("%(done)d ban is lifted.", "%(done)d bans are lifted.", lifted)
    messages.success(request, text % {"done": lifted})
    return HttpResponseRedirect(HERE)


def _scope(text: str) -> Scope | None:
    """Without one, every ban of the address is meant."""
    return Scope(text) if text in [scope.value for scope in Scope] else None


def _lift_if_banned(request: HttpRequest, address: str) -> None:
    """The allow entry itself makes the guard lift the ban; then there is nothing left to lift."""
    try:
        changes.lift_ban(actor_of(request), address)
    except guard.GuardSilent:
        messages.warning(request, "The guard does not answer: the ban ends as soon as it reads the new entry.")
    except Refused:
        return
