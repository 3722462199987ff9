from typing import Final
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.policy.calls.limits import LONGEST_CALL_MINUTES, MOST_CALLS
from ringfence.portal.forms import CountryField, PortalForm, Suggesting
from ringfence.portal.outbound.metadata import countries
from ringfence.portal.tenants.changes import LARGEST_LIMIT

ZONES: Final = tuple((zone, "") for zone in sorted(available_timezones()) if "/" in zone)


def zone_field() -> forms.CharField:
    return forms.CharField(
        max_length=64,
        label="Time zone",
        initial="UTC",
        required=False,
        empty_value="UTC",
        help_text="A name such as Europe/Berlin. The portal shows times in it, and office hours are meant in it.",
        widget=Suggesting(ZONES),
    )


def limit_field(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        min_value=1, max_value=LARGEST_LIMIT, label=label, required=False, help_text="Empty is without a limit."
    )


def calls_field() -> forms.IntegerField:
    return forms.IntegerField(
        min_value=0,
        max_value=MOST_CALLS,
        label="Concurrent calls at most",
        required=False,
        help_text="Calls inside and outside, in both directions, counted from the first ring. One more is refused with"
        " 480. Empty is without a limit; 0 forbids every call. Emergency calls are always put through.",
    )


def minutes_field() -> forms.IntegerField:
    return forms.IntegerField(
        min_value=1,
        max_value=LONGEST_CALL_MINUTES,
        label="Longest call in minutes",
        required=False,
        help_text=f"Both sides are hung up after this time. Empty: {LONGEST_CALL_MINUTES} minutes.",
    )


class TenantForm(PortalForm):
    name = forms.CharField(
        max_length=64,
        label="Name",
        help_text=_("Shown on pages and in the audit log; no SIP message holds it"),
        widget=forms.TextInput(attrs={"autofocus": True, "placeholder": "Example Ltd"}),
    )
    domain = forms.CharField(
        max_length=253,
        label="SIP domain",
        help_text="A host name such as example.com. Phones register with extension@domain; it cannot change later.",
        widget=forms.TextInput(attrs={"placeholder": "example.com", "spellcheck": "false", "autocapitalize": "none"}),
    )
    country = CountryField(
        required=False,
        label=_("Country"),
        help_text=_(
            "As DE or US: its emergency numbers, and how national numbers are dialled. Without one only 112 and 911 are"
            " emergency numbers."
        ),
        widget=Suggesting(tuple((code, "") for code in countries())),
    )


class NewTenantForm(TenantForm):
    """All that a tenant has; the guided setup asks name, domain and country only."""

    time_zone = zone_field()
    max_extensions = limit_field("Extensions at most")
    max_concurrent_calls = calls_field()
    max_call_minutes = minutes_field()


class ChangeTenantForm(PortalForm):
    name = forms.CharField(
        max_length=64, label="Name", help_text=_("Shown on pages and in the audit log; no SIP message holds it")
    )
    time_zone = zone_field()
    max_extensions = limit_field("Extensions at most")
    max_concurrent_calls = calls_field()
    max_call_minutes = minutes_field()
