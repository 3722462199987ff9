"""Forms: a ring group, an announcement, a time condition."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.forms import PortalForm, Suggesting, suggest
from ringfence.portal.inbound.suggestions import known_destinations
from ringfence.portal.outbound.models import OfficeHours
from ringfence.portal.tenants.models import Tenant


class _OfTenant(PortalForm):
    """`tenant_id` is asked for what is new; it cannot move afterwards."""

    tenant_id = forms.TypedChoiceField(label=_("Tenant"), coerce=int)
    number = forms.CharField(
        max_length=64, label=_("Number"), help_text=_("3 to 64 digits, dialled inside, as in 600.")
    )
    name = forms.CharField(max_length=64, label=_("Name"))

    def __init__(self, actor: Actor, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant = self.fields["tenant_id"]
        assert isinstance(tenant, forms.ChoiceField)
        tenant.choices = [(row.pk, f"{row.name} ({row.domain})") for row in Tenant.objects.visible_to(actor)[:1000]]
        if fixed:
            del self.fields["tenant_id"]


class RingGroupForm(_OfTenant):
    members = forms.CharField(
        max_length=4000,
        label=_("Members"),
        help_text=_("Extensions in the order they ring, separated by commas or blanks."),
    )
    together = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Ring all at once"),
        help_text=_("Otherwise one after the other. Default: all at once."),
    )
    ring_seconds = forms.IntegerField(
        initial=20, label=_("Ring for (seconds)"), help_text=_("All together, or each in turn: 5 to 120. Default: 20.")
    )
    otherwise = forms.CharField(
        required=False,
        max_length=64,
        label=_("If nobody answers"),
        help_text=_(
            "A number as it is dialled inside, such as 101, or *99101 for its voicemail. Empty: the call ends."
        ),
    )

    def clean_members(self) -> tuple[str, ...]:
        return tuple(str(self.cleaned_data["members"]).replace(",", " ").split())


class AnnouncementForm(_OfTenant):
    file = forms.FileField(
        label=_("Sound"),
        help_text=_("A WAV file with 16 bit PCM of at most 40 seconds; it is played to whoever calls the number."),
        widget=forms.FileInput(attrs={"accept": ".wav,audio/wav"}),
    )


class TimeConditionForm(_OfTenant):
    office_hours_id = forms.TypedChoiceField(
        coerce=int,
        label=_("Office hours"),
        help_text=_("With the time zone, daylight saving and holidays that they have."),
    )
    in_hours = forms.CharField(
        max_length=96,
        label=_("In office hours"),
        help_text=_("Where the call goes: 101 or 600 for whatever has that number, voicemail:101, or hang_up:"),
        widget=Suggesting(attrs={"class": "form-control mono"}),
    )
    out_of_hours = forms.CharField(
        max_length=96,
        label=_("Out of office hours"),
        help_text=_("On holidays too. As above."),
        widget=Suggesting(attrs={"class": "form-control mono"}),
    )

    def __init__(self, actor: Actor, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(actor, *args, fixed=fixed, **kwargs)
        hours = self.fields["office_hours_id"]
        assert isinstance(hours, forms.ChoiceField)
        found = OfficeHours.objects.visible_to(actor).select_related("tenant")[:1000]
        hours.choices = [(row.pk, f"{row.name} ({row.tenant.domain})") for row in found]
        known = known_destinations(actor)
        for name in ("in_hours", "out_of_hours"):
            suggest(self.fields[name], known)
