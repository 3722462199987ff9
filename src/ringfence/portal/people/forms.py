from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.forms import PortalForm
from ringfence.portal.people.models import STANDARD, Person, Role, RoleQuerySet
from ringfence.portal.problems import refuse
from ringfence.portal.tables.csvlines import LONGEST_FILE
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


class ImportForm(PortalForm):
    """A file, or the text of one; the second step sends the text that was looked at."""

    tenant_id = forms.TypedChoiceField(label=_("Tenant"), coerce=int)
    file = forms.FileField(
        required=False,
        label=_("CSV file"),
        help_text=_("UTF-8, the first line names the columns: extension, display_name, role."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )
    text = forms.CharField(
        required=False,
        max_length=LONGEST_FILE,
        strip=False,
        label=_("Or its text"),
        widget=forms.Textarea(
            attrs={
                "rows": 6,
                "spellcheck": "false",
                "class": "form-control mono",
                "placeholder": "extension,display_name,role\n101,Ann,Standard User",
            }
        ),
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenants = Tenant.objects.visible_to(actor)
        _offer(self.fields["tenant_id"], [(tenant.pk, f"{tenant.name} ({tenant.domain})") for tenant in tenants])

    def content(self) -> str:
        """The text of the file. Raises Refused."""
        upload = self.cleaned_data["file"]
        if upload is None:
            return str(self.cleaned_data["text"])
        if upload.size > LONGEST_FILE:
            raise refuse("file", "import.length", f"The file is larger than {LONGEST_FILE // 1000} kB; send several.")
        try:
            return str(upload.read().decode("utf-8"))
        except UnicodeDecodeError as error:
            raise refuse("file", "import.encoding", "The file is not UTF-8; save it as CSV UTF-8.") from error


class UserForm(PortalForm):
    display_name = forms.CharField(
        max_length=64,
        label="Name",
        help_text=_("Phones of others show it with a call (From header), whatever the phone itself claims"),
    )
    role = forms.ChoiceField(
        label="Role",
        help_text=_("Decides from the next call on who may be called: internal, national, international numbers"),
    )
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
