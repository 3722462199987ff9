"""Pages: inbound rules, number pools, blocked callers."""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.forms import PortalForm
from ringfence.portal.in_force import question_page
from ringfence.portal.inbound import bulk, changes, explaining
from ringfence.portal.inbound.changes import RuleWish
from ringfence.portal.inbound.forms import BlockForm, PoolForm, QuestionForm, RuleForm
from ringfence.portal.inbound.models import BlockedCaller, InboundRule, NumberPool
from ringfence.portal.inbound.table import BLOCKED, POOLS, RULES
from ringfence.portal.paging import one_of
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tenants.narrowing import list_page

PAGE: Final = "inbound/inbound.html"
TABS: Final = (
    (RULES.path, gettext_lazy("Inbound Rules")),
    (POOLS.path, gettext_lazy("Number Pools")),
    (BLOCKED.path, gettext_lazy("Blocked Callers")),
)

type Save = Callable[[dict[str, Any]], None]


@permitted(Permission.INBOUND_READ)
def rules(request: HttpRequest) -> HttpResponse:
    return list_page(request, bulk.OF_RULES, PAGE, title=_("Inbound Rules"), tabs=TABS)


@permitted(Permission.INBOUND_READ)
def pools(request: HttpRequest) -> HttpResponse:
    return list_page(request, bulk.OF_POOLS, PAGE, title=_("Number Pools"), tabs=TABS)


@permitted(Permission.INBOUND_READ)
def blocked(request: HttpRequest) -> HttpResponse:
    return list_page(request, bulk.OF_BLOCKED, PAGE, title=_("Blocked Callers"), tabs=TABS)


@permitted(Permission.INBOUND_WRITE)
def new_rule(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = RuleForm(actor, request.POST or None)

    def save(cleaned: dict[str, Any]) -> None:
        changes.add_rule(actor, cleaned.pop("tenant_id"), RuleWish(**cleaned))

    return _form(request, form, save, _("Add Inbound Rule"), "/inbound-rules")


@permitted(Permission.INBOUND_WRITE)
def edit_rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    actor = actor_of(request)
    rule = one_of(InboundRule.objects.visible_to(actor), rule_id)
    form = RuleForm(actor, request.POST or None, fixed=True, initial=changes.rule_facts(rule))

    def save(cleaned: dict[str, Any]) -> None:
        changes.alter_rule(actor, rule, RuleWish(**cleaned))

    return _form(request, form, save, rule.name, "/inbound-rules", f"/inbound-rules/{rule.pk}/delete")


@permitted(Permission.TRUNKS_WRITE)
def new_pool(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = PoolForm(actor, request.POST or None)

    def save(cleaned: dict[str, Any]) -> None:
        changes.add_pool(actor, **cleaned)

    return _form(request, form, save, _("Add Numbers"), "/number-pools")


@permitted(Permission.INBOUND_WRITE)
def new_blocked(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = BlockForm(actor, request.POST or None)

    def save(cleaned: dict[str, Any]) -> None:
        changes.block(actor, **cleaned)

    return _form(request, form, save, _("Block a Caller"), "/blocked-callers")


@permitted(Permission.INBOUND_WRITE)
@require_POST
def delete_rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    actor = actor_of(request)
    changes.remove_rule(actor, one_of(InboundRule.objects.visible_to(actor), rule_id))
    return HttpResponseRedirect("/inbound-rules")


@permitted(Permission.TRUNKS_WRITE)
@require_POST
def delete_pool(request: HttpRequest, pool_id: int) -> HttpResponse:
    actor = actor_of(request)
    changes.remove_pool(actor, one_of(NumberPool.objects.visible_to(actor), pool_id))
    return HttpResponseRedirect("/number-pools")


@permitted(Permission.INBOUND_WRITE)
@require_POST
def delete_blocked(request: HttpRequest, block_id: int) -> HttpResponse:
    actor = actor_of(request)
    changes.unblock(actor, one_of(BlockedCaller.objects.visible_to(actor), block_id))
    return HttpResponseRedirect("/blocked-callers")


@permitted(Permission.INBOUND_READ)
def question(request: HttpRequest) -> HttpResponse:
    """Where would this call lead, and why."""
    form = QuestionForm(request.GET if "number" in request.GET else None)
    return question_page(request, form, explaining.explain, ("inbound/question.html", "inbound/answer.html"))


def _form(request: HttpRequest, form: PortalForm, save: Save, title: str, back: str, *delete: str) -> HttpResponse:
    if form.is_valid():
        try:
            save(dict(form.cleaned_data))
        except Refused as refused:
            form.explain(refused)
        else:
            return HttpResponseRedirect(back)
    facts = {"form": form, "title": title, "button": _("Save"), "back": back, "delete": delete[0] if delete else ""}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
