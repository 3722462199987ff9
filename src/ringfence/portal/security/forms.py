from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ringfence.policy.book import MatchKind, Target
from ringfence.policy.settings import SecuritySettings, limits_of
from ringfence.portal.forms import PortalForm
from ringfence.portal.security.entry_files import Form, form_of
from ringfence.portal.security.entry_import import Defaults

MASKS: Final = [
    ("", "One address"),
    *(
        (str(IPv4Network((0, length)).netmask), f"{IPv4Network((0, length)).netmask} (/{length})")
        for length in range(32, 0, -1)
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
    ends = forms.ChoiceField(
        choices=ENDS,
        required=False,
        label="Ends",
        help_text=_("Then the entry lets go by itself, in the kernel too. Default: never"),
    )
    description = forms.CharField(
        max_length=200,
        required=False,
        label="Description",
        widget=forms.TextInput(attrs={"placeholder": "My Remote Office"}),
    )


class ImportForm(PortalForm):
    """A list as a file or as pasted text, and what its rows get that say nothing themselves."""

    file = forms.FileField(required=False, label=_("File"), help_text=_("Up to 1,000,000 rows."))
    pasted = forms.CharField(
        required=False,
        label=_("or paste it here"),
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "form-control mono"}),
    )
    form = forms.ChoiceField(
        label=_("Format"),
        required=False,
        choices=[
            ("", _("As the name or the first line of the file says")),
            (Form.PLAIN.value, _("Plain list: an address or range on each line, # begins a comment")),
            (Form.CSV.value, _("CSV: columns cidr, target, expires_at, description")),
            (Form.JSON.value, _("JSON: a list of objects with the same fields")),
        ],
    )
    target = forms.ChoiceField(
        label=_("Action of rows that name none"),
        choices=[(Target.BLOCK.value, _("Block")), (Target.ALLOW.value, _("Allow"))],
    )
    ends = forms.ChoiceField(choices=ENDS, required=False, label=_("End of rows that name none"))
    description = forms.CharField(max_length=200, required=False, label=_("Description of rows that have none"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("file")) == bool(cleaned.get("pasted")):
            self.add_error("file", _("Choose a file, or paste the list; not both."))
        return cleaned

    def raw(self) -> bytes:
        upload = self.cleaned_data.get("file")
        if upload is None:
            return str(self.cleaned_data["pasted"]).encode()
        content: bytes = upload.read()
        return content

    def kind(self, raw: bytes) -> Form:
        """What was chosen, or what the file is."""
        upload = self.cleaned_data.get("file")
        return Form(self.cleaned_data["form"] or form_of(str(upload.name) if upload else "", raw))

    def defaults(self) -> Defaults:
        ends = self.cleaned_data["ends"]
        expires_at = timezone.now() + timedelta(seconds=int(ends)) if ends else None
        return Defaults(Target(self.cleaned_data["target"]), expires_at, self.cleaned_data["description"])


class UserAgentForm(PortalForm):
    pattern = forms.CharField(
        max_length=128,
        label="User agent",
        help_text=_("SIP messages of this User-Agent are dropped without an answer, and count against their source"),
        widget=forms.TextInput(attrs={"placeholder": "friendly-scanner", "spellcheck": "false"}),
    )
    match = forms.ChoiceField(
        choices=[
            (MatchKind.CONTAINS.value, "contains"),
            (MatchKind.PREFIX.value, "begins with"),
            (MatchKind.EXACT.value, "is exactly"),
        ],
        label="Match",
        help_text=_("How the text is compared; upper and lower case are the same. Default: contains"),
    )


class SettingsForm(PortalForm):
    """Some of the security settings, drawn from the one table of settings."""

    def __init__(self, names: tuple[str, ...], current: SecuritySettings, *args: Any, **kwargs: Any) -> None:
        now = {name: getattr(current, name) for name in names}
        super().__init__(*args, initial=now, **kwargs)
        for name, value in now.items():
            self.fields[name] = _field(name, value)
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
                "is_default": self[name].initial == getattr(standard, name),
            }
            for name, field in self.fields.items()
        ]


def _field(name: str, value: int | bool) -> forms.Field:
    limits = limits_of(name)
    if isinstance(value, bool):
        switch = forms.CheckboxInput(attrs={"class": "form-check-input", "role": "switch"})
        return forms.BooleanField(label=limits.label, required=False, widget=switch)
    number = forms.NumberInput(attrs={"class": "form-control", "min": limits.low, "max": limits.high})
    return forms.IntegerField(label=limits.label, widget=number)
