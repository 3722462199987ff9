from ipaddress import IPv4Network
from typing import Any, Final

from django import forms

from ringfence.policy.book import MatchKind, Target
from ringfence.policy.settings import SecuritySettings, limits_of
from ringfence.portal.forms import PortalForm

MASKS: Final = [
    ("", "One address"),
    *(
        (str(IPv4Network((0, length)).netmask), f"{IPv4Network((0, length)).netmask} (/{length})")
        for length in range(30, 7, -1)
    ),
]
ENDS: Final = [
    ("", "Never"),
    ("3600", "In 1 hour"),
    ("86400", "In 1 day"),
    ("604800", "In 7 days"),
    ("2592000", "In 30 days"),
]


class EntryForm(PortalForm):
    address = forms.CharField(
        max_length=64,
        label="IP address or range",
        help_text="103.224.182.210, 41.202.0.0/16 or 2001:db8::/32",
        widget=forms.TextInput(attrs={"autofocus": True, "spellcheck": "false", "autocapitalize": "none"}),
    )
    netmask = forms.ChoiceField(
        choices=MASKS, required=False, label="Subnet mask", help_text="Only with an IPv4 address that has no /length."
    )
    target = forms.ChoiceField(
        choices=[(Target.ALLOW.value, "Allow"), (Target.BLOCK.value, "Block")],
        label="Action",
        help_text="Allow skips the anti-hacking checks, never passwords or roles. Block drops everything from there.",
    )
    ends = forms.ChoiceField(choices=ENDS, required=False, label="Ends")
    description = forms.CharField(
        max_length=200,
        required=False,
        label="Description",
        widget=forms.TextInput(attrs={"placeholder": "My Remote Office"}),
    )


class UserAgentForm(PortalForm):
    pattern = forms.CharField(
        max_length=128,
        label="User agent",
        widget=forms.TextInput(attrs={"placeholder": "friendly-scanner", "spellcheck": "false"}),
    )
    match = forms.ChoiceField(
        choices=[
            (MatchKind.CONTAINS.value, "contains"),
            (MatchKind.PREFIX.value, "begins with"),
            (MatchKind.EXACT.value, "is exactly"),
        ],
        label="Match",
    )


class SettingsForm(PortalForm):
    """Some of the security settings, drawn from the one table of settings."""

    def __init__(self, names: tuple[str, ...], current: SecuritySettings, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in names:
            self.fields[name] = _field(name, getattr(current, name))
            self.fields[name].widget.attrs["aria-describedby"] = f"about_{name}"

    def rows(self) -> list[dict[str, Any]]:
        """Each field with its limits and default for the page."""
        standard = SecuritySettings()
        return [
            {
                "field": self[name],
                "limits": limits_of(name),
                "is_switch": isinstance(field, forms.BooleanField),
                "default": getattr(standard, name),
            }
            for name, field in self.fields.items()
        ]


def _field(name: str, value: int | bool) -> forms.Field:
    limits = limits_of(name)
    if isinstance(value, bool):
        switch = forms.CheckboxInput(attrs={"class": "form-check-input", "role": "switch"})
        return forms.BooleanField(label=limits.label, required=False, initial=value, widget=switch)
    number = forms.NumberInput(attrs={"class": "form-control", "min": limits.low, "max": limits.high})
    return forms.IntegerField(label=limits.label, initial=value, widget=number)
