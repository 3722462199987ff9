from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.forms import PortalForm, Suggesting, suggest
from ringfence.portal.inbound.suggestions import known_destinations
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.trunks.models import Trunk


class OfTenantForm(PortalForm):
    """The tenant is chosen once."""

    tenant_id = forms.TypedChoiceField(coerce=int, label=_("Tenant"))

    def __init__(self, actor: Actor, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fixed:
            del self.fields["tenant_id"]
        _offer(self.fields.get("tenant_id"), Tenant.objects.visible_to(actor))


class RangeForm(OfTenantForm):
    first = forms.CharField(max_length=24, label=_("First number"), help_text=_("With country code, as +4930123400."))
    last = forms.CharField(
        max_length=24, required=False, label=_("Last number"), help_text=_("Empty: only the first one.")
    )


class PoolForm(RangeForm):
    trunk_id = forms.TypedChoiceField(
        coerce=int, label=_("Trunk"), help_text=_("Calls to these numbers are taken from this trunk alone")
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(actor, *args, **kwargs)
        _offer(self.fields["trunk_id"], Trunk.objects.all())


class RuleForm(RangeForm):
    name = forms.CharField(max_length=64, label=_("Name"))
    destination = forms.CharField(
        max_length=96,
        label=_("Leads to"),
        help_text=_("101 or 600 for whatever has that number, voicemail:101, or hang_up:"),
        widget=Suggesting(attrs={"class": "form-control mono"}),
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(actor, *args, **kwargs)
        suggest(self.fields["destination"], known_destinations(actor))


class BlockForm(OfTenantForm):
    pattern = forms.CharField(
        max_length=24,
        label=_("Caller"),
        help_text=_("A number as +4930123456, the beginning of numbers as +4930*, or anonymous. The call is declined."),
    )
    description = forms.CharField(max_length=200, required=False, label=_("Description"))


class QuestionForm(PortalForm):
    """Where a call from outside would lead."""

    number = forms.CharField(max_length=24, label=_("Number"), help_text=_("With country code, as +4930123400."))
    caller = forms.CharField(
        max_length=64, required=False, label=_("Caller"), help_text=_("The number that calls. Empty: it is withheld.")
    )
    at = forms.CharField(
        max_length=40, required=False, label=_("At"), help_text=_("As 2026-12-24T18:00+01:00. Default: now")
    )


def _offer(field: forms.Field | None, rows: Any) -> None:
    if isinstance(field, forms.ChoiceField):
        field.choices = [(str(row.pk), str(row)) for row in rows]
