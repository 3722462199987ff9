"""Pages: rates, budgets and who is suspended."""

import io
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.policy.outgoing.spend import DEFAULTS, MILLION
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.forms import PortalForm, suggest
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.spending import bulk, changes
from ringfence.portal.spending.api import budget_facts, budget_row, rate_of
from ringfence.portal.spending.currency import currency, set_currency, with_currency
from ringfence.portal.spending.forms import BudgetForm, CurrencyForm, RateForm, RatesFileForm
from ringfence.portal.spending.importing import replace_rates
from ringfence.portal.spending.models import Budget, Rate
from ringfence.portal.spending.suggestions import known_owners
from ringfence.portal.spending.tables import BUDGETS
from ringfence.portal.tables import answer

USUAL: Final = [(owner.value, budget, budget.money_per_day // MILLION if budget.money_per_day else None)
                for owner, budget in DEFAULTS.items()]  # fmt: skip


@permitted(Permission.RATES_WRITE)
def rates(request: HttpRequest) -> HttpResponse:
    return _rates_page(request, CurrencyForm(initial={"currency": currency()}))


@permitted(Permission.RATES_WRITE)
@require_POST
def change_currency(request: HttpRequest) -> HttpResponse:
    form = CurrencyForm(request.POST)
    if form.is_valid():
        try:
            set_currency(actor_of(request), form.cleaned_data["currency"])
        except Refused as refused:
            form.explain(refused)
        else:
            return HttpResponseRedirect("/rates")
    page = _rates_page(request, form)
    page.status_code = 422
    return page


def _rates_page(request: HttpRequest, form: CurrencyForm) -> HttpResponse:
    table = bulk.OF_RATES.shown_to(actor_of(request))
    return answer(request, table, with_currency(Rate.objects.all()), "spending/rates.html", currency_form=form)


@permitted(Permission.RATES_WRITE)
def new_rate(request: HttpRequest) -> HttpResponse:
    form = RateForm(request.POST or None)
    return _saved_rate(request, form, None) or _form_page(request, form, _("Add Rate"), "/rates")


@permitted(Permission.RATES_WRITE)
def rate(request: HttpRequest, rate_id: int) -> HttpResponse:
    row = rate_of(rate_id)
    shown = {**changes.rate_facts(row), "digits": row.prefix, "price": row.price / MILLION, "fee": row.fee / MILLION}
    form = RateForm(request.POST or None, initial=shown)
    done = _saved_rate(request, form, row)
    return done or _change_page(request, form, row.prefix, f"/rates/{row.pk}/delete")


def _saved_rate(request: HttpRequest, form: RateForm, row: Rate | None) -> HttpResponse | None:
    if not form.is_valid():
        return None
    try:
        changes.save_rate(actor_of(request), form.values(), row)
    except Refused as refused:
        form.explain(refused)
        return None
    return HttpResponseRedirect("/rates")


@permitted(Permission.RATES_WRITE)
@require_POST
def delete_rate(request: HttpRequest, rate_id: int) -> HttpResponse:
    changes.delete_rate(actor_of(request), rate_of(rate_id))
    return HttpResponseRedirect("/rates")


@permitted(Permission.RATES_WRITE)
def import_rates(request: HttpRequest) -> HttpResponse:
    """The file replaces all rates; with "check" it is only looked at."""
    form = RatesFileForm(request.POST or None, request.FILES or None)
    facts: dict[str, Any] = {"form": form, "currency": currency()}
    if form.is_valid():
        dry_run = "make" not in request.POST
        try:
            lines = io.TextIOWrapper(form.cleaned_data["file"].file, encoding="utf-8", newline="")
            facts |= {"outcome": replace_rates(actor_of(request), lines, dry_run=dry_run), "dry_run": dry_run}
        except Refused as refused:
            form.explain(refused)
    return render(request, "spending/import.html", facts, status=422 if form.errors else 200)


@permitted(Permission.BUDGETS_WRITE)
def budgets(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    more: dict[str, Any] = {"usual": USUAL, "suspended": [], "currency": currency()}
    try:
        more["suspended"] = changes.suspensions(actor)
    except Refused as refused:
        more["guard_down"] = refused.detail
    shown = with_currency(Budget.objects.visible_to(actor).select_related("tenant"))
    return answer(request, BUDGETS, shown, "spending/budgets.html", **more)


@permitted(Permission.BUDGETS_WRITE)
def new_budget(request: HttpRequest) -> HttpResponse:
    form = BudgetForm(request.POST or None, initial={"owner": request.GET.get("owner", "")})
    suggest(form.fields["owner"], known_owners(actor_of(request)))
    if form.is_valid():
        done = _saved_budget(request, form, form.cleaned_data["owner"].strip())
        if done:
            return done
    return _form_page(request, form, _("Set Budget"), "/budgets")


@permitted(Permission.BUDGETS_WRITE)
def budget(request: HttpRequest, budget_id: int) -> HttpResponse:
    row = budget_row(actor_of(request), budget_id)
    form = BudgetForm(request.POST or None, fixed=True, initial=budget_facts(row))
    if form.is_valid():
        done = _saved_budget(request, form, row.owner)
        if done:
            return done
    return _change_page(request, form, row.owner, f"/budgets/{row.pk}/delete")


def _saved_budget(request: HttpRequest, form: BudgetForm, owner: str) -> HttpResponse | None:
    try:
        changes.save_budget(actor_of(request), owner, form.values())
    except Refused as refused:
        form.explain(refused)
        return None
    return HttpResponseRedirect("/budgets")


@permitted(Permission.BUDGETS_WRITE)
@require_POST
def delete_budget(request: HttpRequest, budget_id: int) -> HttpResponse:
    actor = actor_of(request)
    changes.delete_budget(actor, budget_row(actor, budget_id))
    return HttpResponseRedirect("/budgets")


@permitted(Permission.BUDGETS_WRITE)
@require_POST
def lift(request: HttpRequest) -> HttpResponse:
    owner = request.POST.get("owner", "")[:330]
    try:
        changes.lift(actor_of(request), owner)
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _("%(owner)s may call outside again.") % {"owner": owner})
    return HttpResponseRedirect("/budgets")


def _change_page(request: HttpRequest, form: PortalForm, title: str, delete: str) -> HttpResponse:
    back = f"/{delete.split('/')[1]}"
    facts = {"form": form, "title": title, "button": _("Save"), "back": back, "delete": delete}
    return render(request, "spending/form_page.html", facts, status=422 if form.errors else 200)


def _form_page(request: HttpRequest, form: PortalForm, title: str, back: str) -> HttpResponse:
    facts = {"form": form, "title": title, "button": title, "back": back}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
