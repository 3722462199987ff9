"""Forms: roles, groups and operators."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.forms import PortalForm, password_field
from ringfence.portal.people.models import Role
from ringfence.portal.people.operators import SYSTEM_ADMINISTRATOR
from ringfence.portal.permissions import CALL, OF_OPERATORS, OF_TENANTS, PERMISSIONS, Permission, choice
from ringfence.portal.tenants.models import Tenant


class RoleForm(PortalForm):
    """`tenant` is empty for a role of operators. Only what the actor may grant is on offer."""

    name = forms.CharField(max_length=64, label=_("Name"))
    description = forms.CharField(max_length=200, label=_("Description"), required=False)
    tenant_id = forms.TypedChoiceField(label=_("Tenant"), coerce=int, empty_value=None, required=False)
    permissions = forms.MultipleChoiceField(
        label=_("Permissions"),
        help_text=_("What people with this role may do, from the next request and the next call on. Default: nothing"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, actor: Actor, *args: Any, role: Role | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if role is not None:
            del self.fields["tenant_id"]
        else:
            _offer(self.fields["tenant_id"], _tenants(actor, operators=actor.may(Permission.OPERATORS_WRITE)))
        _offer(self.fields["permissions"], _permissions(actor, role))


class GroupForm(PortalForm):
    name = forms.CharField(max_length=64, label=_("Name"))
    description = forms.CharField(max_length=200, label=_("Description"), required=False)
    tenant_id = forms.TypedChoiceField(label=_("Tenant"), coerce=int)

    def __init__(self, actor: Actor, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fixed:
            del self.fields["tenant_id"]
        else:
            _offer(self.fields["tenant_id"], _tenants(actor))


class MemberForm(PortalForm):
    extension = forms.CharField(max_length=64, label=_("Extension"))


class OperatorForm(PortalForm):
    """A new operator has a password; an old one can be switched off."""

    username = forms.CharField(max_length=64, label=_("Username"))
    display_name = forms.CharField(max_length=64, label=_("Name"))
    role = forms.ChoiceField(label=_("Role"), help_text=_("What this person may see and change, in all tenants."))
    password = password_field("Password")
    active = forms.BooleanField(
        label=_("Active"),
        help_text=_("Who is switched off is signed out at once, with all API tokens. Default: on"),
        required=False,
    )

    def __init__(self, actor: Actor, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("username", "password") if fixed else ("active",):
            del self.fields[name]
        names = [role.name for role in Role.objects.for_operators() if actor.may_grant(role.granted)]
        names += [SYSTEM_ADMINISTRATOR] if actor.administers_system else []
        _offer(self.fields["role"], [(name, name) for name in names])


def _tenants(actor: Actor, *, operators: bool = False) -> list[tuple[Any, Any]]:
    tenants = [(tenant.pk, f"{tenant.name} ({tenant.domain})") for tenant in Tenant.objects.visible_to(actor)[:1000]]
    return [*([("", _("None: a role for operators"))] if operators else []), *tenants]


def _permissions(actor: Actor, role: Role | None) -> list[tuple[Any, Any]]:
    fitting = OF_TENANTS | CALL | OF_OPERATORS
    if role is not None:
        fitting = OF_OPERATORS if role.tenant_id is None else OF_TENANTS | CALL
    return [choice(name) for name in PERMISSIONS if name in fitting and actor.may_grant(frozenset({name}))]


def _offer(field: forms.Field, choices: list[tuple[Any, Any]]) -> None:
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
