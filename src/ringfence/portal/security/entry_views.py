"""Pages: allow and block entries, one by one and as whole lists."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from ringfence.policy.addresses import clearing_note
from ringfence.policy.book import Target
from ringfence.policy.settings import Problem
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.security import changes, entry_import, waiting
from ringfence.portal.security.entry_export import exported
from ringfence.portal.security.entry_files import Form
from ringfence.portal.security.entry_import import Defaults, Outcome
from ringfence.portal.security.entry_table import ENTRIES, PATH
from ringfence.portal.security.forms import EntryForm, ImportForm
from ringfence.portal.security.models import AddressEntry
from ringfence.portal.tables import answer
from ringfence.portal.tables.bulk import marked

HERE: Final = "/ip-blacklist"
EXPORT_FORMS: Final = ((Form.CSV.value, "CSV"), (Form.JSON.value, "JSON"), (Form.PLAIN.value, _("Plain list")))
LOOKED_AT: Final = replace(ENTRIES, bulk=(), empty=replace(ENTRIES.empty, path=""))
SESSION_KEY: Final = "waiting_list"


@permitted(Permission.SECURITY_READ)
def entries(request: HttpRequest) -> HttpResponse:
    facts = {"now": timezone.now(), "export_forms": EXPORT_FORMS}
    table = ENTRIES if actor_of(request).may(Permission.SECURITY_WRITE) else LOOKED_AT
    return answer(request, table, AddressEntry.objects.all(), "security/entries.html", **facts)


@permitted(Permission.SECURITY_READ)
def export(request: HttpRequest) -> HttpResponseBase:
    """Everything that search and filters leave, as a file."""
    wanted = {name: request.GET.get(name, "") for name in ("search", "target", "state")}
    return exported(request, request.GET.get("form", ""), **wanted)


@permitted(Permission.SECURITY_WRITE)
def new_entry(request: HttpRequest) -> HttpResponse:
    form = EntryForm(request.POST or None, initial={"target": request.GET.get("target", Target.ALLOW.value)})
    if form.is_valid():
        try:
            entry = _add(request, form.cleaned_data)
        except Refused as refused:
            form.explain(_at_address(refused))
        else:
            messages.success(request, f"{entry.get_target_display()} entry for {entry.cidr} is in force.")
            return HttpResponseRedirect(PATH)
    facts = {"form": form, "title": "Add to IP Blacklist", "button": "Apply", "back": PATH, "confirmable": True}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


def _add(request: HttpRequest, cleaned: dict[str, Any]) -> AddressEntry:
    network = changes.parsed_prefix(cleaned["address"], cleaned["netmask"], "address")
    expires_at = timezone.now() + timedelta(seconds=int(cleaned["ends"])) if cleaned["ends"] else None
    entry = changes.add_entry(actor_of(request), network, Target(cleaned["target"]), expires_at, cleaned["description"])
    if note := clearing_note(cleaned["address"], cleaned["netmask"], network):
        messages.info(request, note)
    return entry


def _at_address(refused: Refused) -> Refused:
    """The page has one field for what REST calls cidr."""
    moved = [
        Problem("address" if item.field == "cidr" else item.field, item.rule, item.message) for item in refused.problems
    ]
    return Refused(moved, refused.detail, refused.error_id)


@permitted(Permission.SECURITY_WRITE)
@require_POST
def delete_entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    entry = AddressEntry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise NotFound(detail="This entry is gone already.")
    changes.remove_entry(actor_of(request), entry)
    messages.success(request, f"The entry for {entry.cidr} is removed.")
    return HttpResponseRedirect(PATH)


@permitted(Permission.SECURITY_WRITE)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Removes every marked entry."""
    try:
        done = changes.remove_entries(actor_of(request), marked(request))
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, f"{done} entries are removed.")
    return HttpResponseRedirect(PATH)


@permitted(Permission.SECURITY_WRITE)
def import_list(request: HttpRequest) -> HttpResponse:
    """First what the list would do, row by row; nothing is added before that was seen and confirmed."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        raw, defaults = form.raw(), form.defaults()
        try:
            outcome = entry_import.check(actor_of(request), form.kind(raw), raw, defaults)
        except Refused as refused:
            form.explain(refused)
        else:
            return _show(request, form, raw, outcome)
    facts = {"form": form, "back": PATH}
    return render(request, "security/import.html", facts, status=422 if form.errors else 200)


def _show(request: HttpRequest, form: ImportForm, raw: bytes, outcome: Outcome) -> HttpResponse:
    if not outcome.problem_count:
        request.session[SESSION_KEY] = {
            "name": waiting.keep(raw),
            "form": form.kind(raw).value,
            "target": form.cleaned_data["target"],
            "ends": form.cleaned_data["ends"],
            "description": form.cleaned_data["description"],
        }
    return render(request, "security/import_check.html", {"outcome": outcome, "back": f"{HERE}/import"})


@permitted(Permission.SECURITY_WRITE)
@require_POST
def apply_list(request: HttpRequest) -> HttpResponse:
    """Adds the list that was shown a moment ago, all of it or nothing."""
    kept = request.session.pop(SESSION_KEY, None)
    if not kept:
        raise NotFound(detail="There is no checked list any more; choose the file again.")
    raw = waiting.take(kept["name"])
    ends = timezone.now() + timedelta(seconds=int(kept["ends"])) if kept["ends"] else None
    defaults = Defaults(Target(kept["target"]), ends, kept["description"])
    outcome = entry_import.take(actor_of(request), Form(kept["form"]), raw, defaults)
    messages.success(request, f"{outcome.added:,} entries are added and {outcome.changed:,} changed; all are in force.")
    return HttpResponseRedirect(PATH)
