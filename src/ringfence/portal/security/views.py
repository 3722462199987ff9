"""Pages: Advanced > Security."""

from dataclasses import asdict
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from ringfence.policy.book import MatchKind
from ringfence.policy.settings import SecuritySettings, setting_names
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.security import changes
from ringfence.portal.security.forms import SettingsForm, UserAgentForm
from ringfence.portal.security.models import BlockedUserAgent, SecurityValues
from ringfence.portal.security.rehearsal import rehearse

WEB_LOGIN: Final = tuple(name for name in setting_names() if name.startswith("web_"))
ALL: Final = "all"
USER_AGENTS: Final = ("blocked_user_agents_enabled",)
ANTI_HACKING: Final = tuple(name for name in setting_names() if name not in (*WEB_LOGIN, *USER_AGENTS))


@permitted(Permission.SECURITY_READ, to_change=Permission.SECURITY_WRITE)
def web_login(request: HttpRequest) -> HttpResponse:
    return _settings_page(request, WEB_LOGIN, "Web Login", "/security/web-login")


@permitted(Permission.SECURITY_READ, to_change=Permission.SECURITY_WRITE)
def anti_hacking(request: HttpRequest) -> HttpResponse:
    return _settings_page(request, ANTI_HACKING, "Anti Hacking", "/security/anti-hacking")


@permitted(Permission.SECURITY_WRITE)
@require_POST
def dry_run(request: HttpRequest) -> HttpResponse:
    """The fragment below the settings: what the values of the form would have done."""
    form = SettingsForm(ANTI_HACKING, SecurityValues.current(), request.POST)
    try:
        if not form.is_valid():
            raise Refused(detail=" ".join(str(error) for errors in form.errors.values() for error in errors))
        found = rehearse(actor_of(request), form.cleaned_data, [])
    except Refused as refused:
        return render(request, "security/dry_run.html", {"refused": refused})
    lists = [("Stopped", found["stopped"]), ("Let through", found["let_through"]), ("Spared", found["spared"])]
    return render(request, "security/dry_run.html", {"found": found, "lists": lists})


def _settings_page(request: HttpRequest, names: tuple[str, ...], tab: str, path: str) -> HttpResponse:
    if "reset" in request.POST:
        _reset(request, names, request.POST["reset"])
        return HttpResponseRedirect(path)
    form = SettingsForm(names, SecurityValues.current(), request.POST or None)
    if form.is_valid() and _saved(request, form):
        return HttpResponseRedirect(path)
    return render(request, "security/settings.html", {"form": form, "tab": tab}, status=422 if form.errors else 200)


def _reset(request: HttpRequest, names: tuple[str, ...], which: str) -> None:
    """Gives one setting, or all of the tab, its default again."""
    standard = asdict(SecuritySettings())
    wanted = names if which == ALL else tuple(name for name in names if name == which)
    try:
        changes.change_settings(actor_of(request), {name: standard[name] for name in wanted})
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, "The default is in force again.")


def _saved(request: HttpRequest, form: SettingsForm) -> bool:
    try:
        changes.change_settings(actor_of(request), form.cleaned_data)
    except Refused as refused:
        form.explain(refused)
        return False
    messages.success(request, "Saved and in force.")
    return True


@permitted(Permission.SECURITY_READ, to_change=Permission.SECURITY_WRITE)
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


@permitted(Permission.SECURITY_WRITE)
@require_POST
def delete_user_agent(request: HttpRequest, row_id: int) -> HttpResponse:
    row = BlockedUserAgent.objects.filter(pk=row_id).first()
    if row is None:
        raise NotFound(detail="This entry is gone already.")
    changes.unblock_user_agent(actor_of(request), row)
    messages.success(request, f"{row.pattern} is no longer blocked.")
    return HttpResponseRedirect("/security/blocked-user-agents")
