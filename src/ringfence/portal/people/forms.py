from typing import Any

from django import forms

from ringfence.portal.actor import Actor
from ringfence.portal.forms import PortalForm
from ringfence.portal.people.models import STANDARD, Person, Role, RoleQuerySet
from ringfence.portal.tenants.models import Tenant


class NewUserForm(PortalForm):
    """The SIP secret is not asked for: it is generated and shown once."""

    tenant_id = forms.TypedChoiceField(label="Tenant", coerce=int)
    extension = forms.CharField(
        max_length=64,
        label="Extension",
        help_text="3 to 64 digits, as in 101.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autofocus": True}),
    )
    display_name = forms.CharField(max_length=64, label="Name", help_text="Shown on the phone of whoever is called.")
    role = forms.ChoiceField(
        label="Role",
        help_text="Standard users call internally; Standard International users everywhere; Admins manage the tenant.",
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenants = Tenant.objects.visible_to(actor)
        _offer(self.fields["tenant_id"], [(tenant.pk, f"{tenant.name} ({tenant.domain})") for tenant in tenants])
        _offer(self.fields["role"], _roles(actor, Role.objects.visible_to(actor)))
        self.fields["role"].initial = STANDARD


class UserForm(PortalForm):
    display_name = forms.CharField(max_length=64, label="Name")
    role = forms.ChoiceField(label="Role")
    active = forms.BooleanField(
        label="Active", required=False, help_text="An inactive extension can neither register nor call."
    )

    def __init__(self, actor: Actor, person: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["role"], _roles(actor, Role.objects.for_tenant(person.extension.tenant_id), person.role))


def _offer(field: forms.Field, choices: list[tuple[Any, str]]) -> None:
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


def _roles(actor: Actor, roles: RoleQuerySet, present: Role | None = None) -> list[tuple[Any, str]]:
    """The roles that this actor may give; the present one stays on offer, or saving would change it."""
    found = [role for role in roles.of_extensions().order_by("-pk") if actor.may_grant(role.granted)]
    names = [role.name for role in found] + ([present.name] if present else [])
    return [(name, name) for name in dict.fromkeys(names)]
