"""Pages: IP Blacklist with the bans of the moment, and Advanced > Security."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ringfence.policy.book import MatchKind, Target
from ringfence.policy.settings import Problem, setting_names
from ringfence.portal import guard
from ringfence.portal.access import actor_of, system_administrator
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.security import changes
from ringfence.portal.security.forms import EntryForm, SettingsForm, UserAgentForm
from ringfence.portal.security.models import AddressEntry, BlockedUserAgent, SecurityValues

LONG_AGO: Final = 1e9
"""A larger number in evidence is a point in time (Unix seconds), a smaller one a count or a duration."""

SHOWN_APART: Final = ("rule", "source")
"""Evidence that the row of the ban already says."""

WEB_LOGIN: Final = tuple(name for name in setting_names() if name.startswith("web_"))
USER_AGENTS: Final = ("blocked_user_agents_enabled",)
ANTI_HACKING: Final = tuple(name for name in setting_names() if name not in (*WEB_LOGIN, *USER_AGENTS))


@system_administrator
def ip_blacklist(request: HttpRequest) -> HttpResponse:
    facts = {**_bans(), "entries": AddressEntry.objects.all(), "now": timezone.now()}
    return render(request, "security/ip_blacklist.html", facts)


@system_administrator
def bans(request: HttpRequest) -> HttpResponse:
    return render(request, "security/bans_live.html", _bans())


def _bans() -> dict[str, Any]:
    try:
        found = guard.listed("bans.list", "bans")
    except Refused as refused:
        return {"bans": [], "guard_down": refused.detail}
    for ban in found:
        ban["left"] = ban.get("seconds_left") or max(0.0, float(ban.get("until") or 0) - timezone.now().timestamp())
        ban["proof"] = readable(ban.get("evidence"))
    return {"bans": found}


def readable(evidence: Any) -> dict[str, str]:
    """The guard's evidence in words: names without underscores, lists with commas, empty values left out."""
    if not isinstance(evidence, dict):
        return {"evidence": str(evidence)} if evidence else {}
    return {
        str(name).replace("_", " "): _words(name, value)
        for name, value in evidence.items()
        if name not in SHOWN_APART and value not in ("", [], {}, None)
    }


def _words(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} × {str(what).replace('_', ' ')}" for what, count in value.items())
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
        return f"{value[0]} ({value[1]})"
    if isinstance(value, list):
        return ", ".join(_words(name, item) for item in value)
    if isinstance(value, float) and value > LONG_AGO:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return str(value)


@system_administrator
def new_entry(request: HttpRequest) -> HttpResponse:
    form = EntryForm(request.POST or None, initial={"target": request.GET.get("target", Target.ALLOW.value)})
    if form.is_valid():
        try:
            entry = _add(request, form.cleaned_data)
        except Refused as refused:
            form.explain(_at_address(refused))
        else:
            messages.success(request, f"{entry.get_target_display()} entry for {entry.cidr} is in force.")
            return HttpResponseRedirect("/ip-blacklist")
    facts = {"form": form, "title": "Add to IP Blacklist", "button": "Apply", "back": "/ip-blacklist"}
    facts["confirmable"] = True
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


def _add(request: HttpRequest, cleaned: dict[str, Any]) -> AddressEntry:
    network = changes.parsed_prefix(cleaned["address"], cleaned["netmask"], "address")
    expires_at = timezone.now() + timedelta(seconds=int(cleaned["ends"])) if cleaned["ends"] else None
    return changes.add_entry(actor_of(request), network, Target(cleaned["target"]), expires_at, cleaned["description"])


def _at_address(refused: Refused) -> Refused:
    """The page has one field for what REST calls cidr."""
    moved = [
        Problem("address" if item.field == "cidr" else item.field, item.rule, item.message) for item in refused.problems
    ]
    return Refused(moved, refused.detail, refused.error_id)


@system_administrator
@require_POST
def delete_entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    entry = AddressEntry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise NotFound(detail="This entry is gone already.")
    changes.remove_entry(actor_of(request), entry)
    messages.success(request, f"The entry for {entry.cidr} is removed.")
    return HttpResponseRedirect("/ip-blacklist")


@system_administrator
@require_POST
def lift(request: HttpRequest) -> HttpResponse:
    """Lifts a ban; with `allow` the address gets an allow entry first, so that it cannot be banned again meanwhile."""
    actor, address = actor_of(request), changes.ban_address(request.POST.get("address", ""))
    if request.POST.get("allow"):
        network = changes.parsed_prefix(request.POST.get("address", ""))
        changes.add_entry(actor, network, Target.ALLOW, None, "Allowed from the list of bans")
        _lift_if_banned(request, address)
        messages.success(request, f"{address} is allowed now; its ban is lifted.")
        return HttpResponseRedirect("/ip-blacklist")
    changes.lift_ban(actor, address)
    messages.success(request, f"The ban of {address} is lifted.")
    return HttpResponseRedirect("/ip-blacklist")


def _lift_if_banned(request: HttpRequest, address: str) -> None:
    """The allow entry itself makes the guard lift the ban; then there is nothing left to lift."""
    try:
        changes.lift_ban(actor_of(request), address)
    except guard.GuardSilent:
        messages.warning(request, "The guard does not answer: the ban ends as soon as it reads the new entry.")
    except Refused:
        return


@system_administrator
def web_login(request: HttpRequest) -> HttpResponse:
    return _settings_page(request, WEB_LOGIN, "Web Login", "/security/web-login")


@system_administrator
def anti_hacking(request: HttpRequest) -> HttpResponse:
    return _settings_page(request, ANTI_HACKING, "Anti Hacking", "/security/anti-hacking")


def _settings_page(request: HttpRequest, names: tuple[str, ...], tab: str, path: str) -> HttpResponse:
    form = SettingsForm(names, SecurityValues.current(), request.POST or None)
    if form.is_valid() and _saved(request, form):
        return HttpResponseRedirect(path)
    return render(request, "security/settings.html", {"form": form, "tab": tab}, status=422 if form.errors else 200)


def _saved(request: HttpRequest, form: SettingsForm) -> bool:
    try:
        changes.change_settings(actor_of(request), form.cleaned_data)
    except Refused as refused:
        form.explain(refused)
        return False
    messages.success(request, "Saved and in force.")
    return True


@system_administrator
def blocked_user_agents(request: HttpRequest) -> HttpResponse:
    """Two forms on one page: the switch, and a new pattern."""
    here = "/security/blocked-user-agents"
    switch = SettingsForm(USER_AGENTS, SecurityValues.current(), request.POST if "save" in request.POST else None)
    if switch.is_valid() and _saved(request, switch):
        return HttpResponseRedirect(here)
    form = UserAgentForm(request.POST if "add" in request.POST else None)
    if form.is_valid():
        try:
            row = changes.block_user_agent(
                actor_of(request), form.cleaned_data["pattern"], MatchKind(form.cleaned_data["match"])
            )
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, f"Messages of {row.pattern} are dropped from now on.")
            return HttpResponseRedirect(here)
    facts = {
        "form": form,
        "switch": switch,
        "tab": "Blocked User Agents",
        "user_agents": BlockedUserAgent.objects.all(),
    }
    return render(request, "security/blocked_user_agents.html", facts, status=422 if form.errors else 200)


@system_administrator
@require_POST
def delete_user_agent(request: HttpRequest, row_id: int) -> HttpResponse:
    row = BlockedUserAgent.objects.filter(pk=row_id).first()
    if row is None:
        raise NotFound(detail="This entry is gone already.")
    changes.unblock_user_agent(actor_of(request), row)
    messages.success(request, f"{row.pattern} is no longer blocked.")
    return HttpResponseRedirect("/security/blocked-user-agents")
