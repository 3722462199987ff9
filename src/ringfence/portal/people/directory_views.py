"""Pages: roles, groups and operators."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.actor import Actor
from ringfence.portal.forms import PortalForm
from ringfence.portal.people import group_bulk, groups, operators, roles
from ringfence.portal.people.directory_api import group_of, operator_of, role_of
from ringfence.portal.people.directory_forms import GroupForm, MemberForm, OperatorForm, RoleForm
from ringfence.portal.people.directory_tables import OPERATORS, ROLES, operators_of, roles_of
from ringfence.portal.people.models import Group, Person
from ringfence.portal.permissions import PERMISSIONS, Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tables import answer
from ringfence.portal.tenants.narrowing import list_page


@permitted(Permission.USERS_READ)
def list_roles(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    may_add = actor.may(Permission.ROLES_WRITE) or actor.may(Permission.OPERATORS_WRITE)
    return answer(request, ROLES, roles_of(actor), "people/roles.html", may_add=may_add)


@permitted(Permission.ROLES_WRITE)
def new_role(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = RoleForm(actor, request.POST or None)
    if form.is_valid():
        try:
            roles.create_role(actor, _role_wish(form.cleaned_data))
            return HttpResponseRedirect("/roles")
        except Refused as refused:
            form.explain(refused)
    return _form_page(request, form, _("Add Role"), "/roles")


def _role_wish(cleaned: dict[str, Any]) -> roles.RoleWish:
    return roles.RoleWish(**{**cleaned, "permissions": tuple(cleaned["permissions"])})


@permitted(Permission.USERS_READ)
def role(request: HttpRequest, role_id: int) -> HttpResponse:
    """A predefined role is only shown. On offer is what the actor may grant; a stronger role he cannot save."""
    actor = actor_of(request)
    found = role_of(actor, role_id)
    initial = {"name": found.name, "description": found.description, "permissions": sorted(found.granted)}
    form = RoleForm(actor, request.POST or None, role=found, initial=initial)
    if form.is_valid():
        try:
            roles.change_role(actor, found, _role_wish(form.cleaned_data))
            messages.success(request, _("The role is saved; it counts from the next call and the next page."))
            return HttpResponseRedirect("/roles")
        except Refused as refused:
            form.explain(refused)
    held = [(name, PERMISSIONS[name].effect) for name in sorted(found.granted)]
    facts = {"form": form, "role": found, "held": held}
    return render(request, "people/role.html", facts, status=422 if form.errors else 200)


@permitted(Permission.USERS_READ)
@require_POST
def delete_role(request: HttpRequest, role_id: int) -> HttpResponse:
    actor = actor_of(request)
    roles.delete_role(actor, role_of(actor, role_id))
    return HttpResponseRedirect("/roles")


@permitted(Permission.USERS_READ)
def list_groups(request: HttpRequest) -> HttpResponse:
    return list_page(request, group_bulk.OF_GROUPS, "people/groups.html")


@permitted(Permission.GROUPS_WRITE)
def new_group(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = GroupForm(actor, request.POST or None)
    if form.is_valid():
        try:
            made = groups.create_group(actor, **form.cleaned_data)
            return HttpResponseRedirect(f"/groups/{made.pk}")
        except Refused as refused:
            form.explain(refused)
    return _form_page(request, form, _("Add Group"), "/groups")


@permitted(Permission.USERS_READ)
def group(request: HttpRequest, group_id: int) -> HttpResponse:
    """Name and description in one form, a new member in the other."""
    actor = actor_of(request)
    found = group_of(actor, group_id)
    adds = "extension" in request.POST
    form = GroupForm(actor, None if adds else request.POST or None, fixed=True, initial=groups.facts(found))
    member = MemberForm(request.POST if adds else None)
    try:
        if _saved(actor, found, form, member):
            return HttpResponseRedirect(f"/groups/{found.pk}")
    except Refused as refused:
        (member if adds else form).explain(refused)
    members = Person.objects.filter(member_of=found).with_extension().order_by("extension__number")[:500]
    facts = {"group": found, "form": form, "member": member, "members": members}
    return render(request, "people/group.html", facts, status=422 if form.errors or member.errors else 200)


def _saved(actor: Actor, found: Group, form: GroupForm, member: MemberForm) -> bool:
    if form.is_valid():
        groups.change_group(actor, found, **form.cleaned_data)
        return True
    if not member.is_valid():
        return False
    groups.join(actor, found, _colleague(actor, found, member.cleaned_data["extension"]))
    return True


def _colleague(actor: Actor, found: Group, extension: str) -> Person:
    """Raises Refused if the group's tenant has no such extension."""
    people = Person.objects.visible_to(actor).filter(tenant_id=found.tenant_id).with_extension()
    person: Person | None = people.filter(extension__number=extension.strip()).first()
    if person is None:
        raise Refused(detail=_("The tenant of this group has no such extension."))
    return person


@permitted(Permission.GROUPS_WRITE)
@require_POST
def leave_group(request: HttpRequest, group_id: int, user_id: int) -> HttpResponse:
    actor = actor_of(request)
    found = group_of(actor, group_id)
    groups.leave(actor, found, Person.objects.visible_to(actor).filter(pk=user_id).first() or Person())
    return HttpResponseRedirect(f"/groups/{group_id}")


@permitted(Permission.GROUPS_WRITE)
@require_POST
def delete_group(request: HttpRequest, group_id: int) -> HttpResponse:
    actor = actor_of(request)
    groups.delete_group(actor, group_of(actor, group_id))
    return HttpResponseRedirect("/groups")


@permitted(Permission.OPERATORS_WRITE)
def list_operators(request: HttpRequest) -> HttpResponse:
    return answer(request, OPERATORS, operators_of(), "people/operators.html")


@permitted(Permission.OPERATORS_WRITE)
def new_operator(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = OperatorForm(actor, request.POST or None)
    if form.is_valid():
        try:
            operators.create_operator(actor, operators.NewOperator(**form.cleaned_data))
            return HttpResponseRedirect("/operators")
        except Refused as refused:
            form.explain(refused)
    return _form_page(request, form, _("Add Operator"), "/operators", rules=True)


@permitted(Permission.OPERATORS_WRITE)
def operator(request: HttpRequest, operator_id: int) -> HttpResponse:
    actor, person = actor_of(request), operator_of(operator_id)
    form = OperatorForm(actor, request.POST or None, fixed=True, initial=operators.facts(person))
    if form.is_valid():
        try:
            operators.change_operator(actor, person, **form.cleaned_data)
            return HttpResponseRedirect("/operators")
        except Refused as refused:
            form.explain(refused)
    return _form_page(request, form, person.username, "/operators", delete=f"/operators/{operator_id}/delete")


@permitted(Permission.OPERATORS_WRITE)
@require_POST
def delete_operator(request: HttpRequest, operator_id: int) -> HttpResponse:
    operators.delete_operator(actor_of(request), operator_of(operator_id))
    return HttpResponseRedirect("/operators")


def _form_page(request: HttpRequest, form: PortalForm, title: str, back: str, **more: Any) -> HttpResponse:
    facts = {"form": form, "title": title, "button": _("Save"), "back": back, **more}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
