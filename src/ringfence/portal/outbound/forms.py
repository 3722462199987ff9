"""Forms: number plan and codes, office hours, outbound rules, and the question which rule a call takes."""

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ringfence.policy.outgoing.numberplan import NumberClass
from ringfence.policy.outgoing.numbers import Reach
from ringfence.portal.actor import Actor
from ringfence.portal.forms import CountryField, PortalForm, Suggesting
from ringfence.portal.language import told
from ringfence.portal.outbound import changes
from ringfence.portal.outbound.models import Availability, OfficeHours, OutboundRule
from ringfence.portal.outbound.wishes import MOST_ROUTES
from ringfence.portal.people.models import Group, Role
from ringfence.portal.tenants.forms import ZONES
from ringfence.portal.tenants.models import Tenant

DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
SPAN: Final = re.compile(rf"({'|'.join(DAYS)})(?:-({'|'.join(DAYS)}))? +(\d\d):(\d\d)-(\d\d):(\d\d)")
ROUTES: Final = 4
"""Rows for routes that the page has at least; where they are used there is one more, up to MOST_ROUTES."""

CLASSES: Final = {
    NumberClass.SHORT_CODE: _("Short codes, such as 11880"),
    NumberClass.PREMIUM: _("Premium numbers, such as 0900 or +979"),
    NumberClass.SHARED_COST: _("Shared-cost numbers, such as 0180"),
    NumberClass.PERSONAL: _("Personal numbers, such as +44 70"),
    NumberClass.SATELLITE: _("Satellites and networks of no country: +870, +881, +882, +883, +800, +888"),
}


def spans_of(text: str) -> list[list[int]]:
    """Hours such as `Mo-Fr 08:00-17:30`, one in a line. Raises ValidationError."""
    found = []
    for line in filter(None, (part.strip() for part in text.splitlines())):
        match = SPAN.fullmatch(line)
        if match is None or int(match[4]) > 59 or int(match[6]) > 59:
            raise ValidationError(_("Hours are like Mo-Fr 08:00-17:30, one in a line."))
        first, last = DAYS.index(match[1]), DAYS.index(match[2] or match[1])
        start, end = int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6])
        days = range(first, last + 1) if first <= last else (*range(first, 7), *range(last + 1))
        found += [[day, start, end] for day in days]
    return found


def spans_text(spans: list[list[int]]) -> str:
    """The same hours as text, a line for each.

    >>> spans_text([[0, 480, 1050]])
    'Mo 08:00-17:30'
    """
    lines = [f"{DAYS[day]} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for day, start, end in spans]
    return "\n".join(lines)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]


def tenant_choices(actor: Actor) -> list[tuple[Any, Any]]:
    return [(tenant.pk, f"{tenant.name} ({tenant.domain})") for tenant in Tenant.objects.visible_to(actor)[:1000]]


class TenantForm(PortalForm):
    """Which tenant something new is for."""

    tenant_id = forms.TypedChoiceField(label=_("Tenant"), coerce=int)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["tenant_id"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = tenant_choices(actor)


class NumberPlanForm(PortalForm):
    country = CountryField(
        required=False,
        label=_("Country"),
        help_text=_(
            "As DE or US. Numbers of this country are national. Default: none, so only numbers with + are known."
        ),
    )
    area_code = forms.CharField(
        max_length=8,
        required=False,
        label=_("Area code"),
        help_text=_("Without its leading 0, as 30. Put before numbers that are dialled without one. Default: none"),
    )
    access_code = forms.CharField(
        max_length=4,
        required=False,
        label=_("Outside line"),
        help_text=_("A digit such as 9 that may be dialled before outside numbers; it is taken off. Default: none"),
    )
    permitted = forms.MultipleChoiceField(
        required=False,
        choices=[(name.value, title) for name, title in CLASSES.items()],
        label=_("Special numbers that may be called"),
        help_text=_("All others are refused with 403, whatever a role or rule says. Default: none"),
        widget=forms.CheckboxSelectMultiple,
    )
    emergency_trunks = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        label=_("Trunks of emergency calls"),
        help_text=_("Tried in order, the first listed first. Default: every trunk of the tenant"),
        widget=forms.CheckboxSelectMultiple,
    )
    emergency_caller = forms.CharField(
        max_length=21,
        required=False,
        label=_("Number shown in emergency calls"),
        help_text=_("So that the emergency service can call back. Default: that of the extension or the trunk"),
    )

    def __init__(self, tenant: Tenant, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["emergency_trunks"]
        assert isinstance(field, forms.TypedMultipleChoiceField)
        field.choices = changes.trunks_of(tenant)


class CountryForm(PortalForm):
    country = CountryField(
        label=_("Country"), help_text=_("Two letters, as FR. Roles and outbound rules are asked as well.")
    )


class CodeForm(PortalForm):
    prefix = forms.CharField(  # type: ignore[assignment]
        max_length=17,
        label=_("Code"),
        help_text=_("As dialled, such as 0900, or with a plus, such as +881. Every number that begins so is refused."),
    )
    description = forms.CharField(max_length=200, required=False, label=_("Description"))


class EmergencyForm(PortalForm):
    number = forms.CharField(
        max_length=8, label=_("Number"), help_text=_("As it is dialled, such as 117. Every extension may call it.")
    )
    description = forms.CharField(max_length=200, required=False, label=_("Description"))


class HoursForm(PortalForm):
    name = forms.CharField(max_length=64, label=_("Name"))
    spans = forms.CharField(
        max_length=8000,
        label=_("Hours"),
        help_text=_(
            "One in a line, as Mo-Fr 08:00-17:30; the days are Mo, Tu, We, Th, Fr, Sa, Su. Fr 22:00-06:00 ends on the"
            " next day."
        ),
        widget=forms.Textarea(attrs={"rows": 5, "class": "form-control mono", "spellcheck": "false"}),
    )
    is_general = forms.BooleanField(
        required=False,
        label=_("General office hours of the tenant"),
        help_text=_("Rules that follow the general hours follow these. Default: off"),
    )
    time_zone = forms.CharField(
        max_length=64,
        required=False,
        label=_("Time zone"),
        help_text=_("Default: that of the tenant"),
        widget=Suggesting(ZONES),
    )
    holidays_country = forms.CharField(
        max_length=2,
        required=False,
        label=_("Public holidays of"),
        help_text=_("A country as DE: closed on its holidays. Default: none"),
    )
    holidays_part = forms.CharField(
        max_length=16, required=False, label=_("Part of the country"), help_text=_("As BE or CA. Default: none")
    )
    closed = forms.CharField(
        max_length=4000,
        required=False,
        label=_("Also closed on"),
        help_text=_("One day in a line: 2026-12-24, or --12-24 for each year. Default: none"),
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control mono", "spellcheck": "false"}),
    )

    def clean_spans(self) -> list[list[int]]:
        return spans_of(self.cleaned_data["spans"])

    def clean_closed(self) -> list[str]:
        return _parts(self.cleaned_data["closed"])


def hours_initial(row: OfficeHours) -> dict[str, Any]:
    return {**changes.row_facts(row), "spans": spans_text(row.spans), "closed": "\n".join(row.closed)}


class RuleForm(PortalForm):
    """An outbound rule; its routes stand in rows of five fields."""

    name = forms.CharField(max_length=64, label=_("Name"))
    order = forms.IntegerField(
        min_value=1, max_value=1_000_000, label=_("Order"), help_text=_("Lower is asked first; no two rules are equal.")
    )
    enabled = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Enabled"),
        help_text=_("A rule that is off is passed over: calls go to the next one that fits. Default: on"),
    )
    prefixes = forms.CharField(
        max_length=4000,
        required=False,
        label=_("Number begins with"),
        help_text=_("With ; between, as dialled or with a plus: 030;+49. Default: any number"),
    )
    lengths = forms.CharField(
        max_length=60,
        required=False,
        label=_("Digits of the number"),
        help_text=_("With ; between, the country's digits included, as 11;12. Default: any"),
    )
    reaches = forms.MultipleChoiceField(
        required=False,
        label=_("Only these numbers"),
        choices=[
            (Reach.NATIONAL.value, _("national numbers")),
            (Reach.INTERNATIONAL.value, _("international numbers")),
        ],
        help_text=_("Default: both; the role of the caller is always asked too."),
        widget=forms.CheckboxSelectMultiple,
    )
    callers = forms.CharField(
        max_length=4000,
        required=False,
        label=_("Calls from extensions"),
        help_text=_("With ; between: 101-110;199. Default: all"),
    )
    groups = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        label=_("From members of"),
        help_text=_("Only calls of these groups take the rule. Default: of everybody"),
        widget=forms.CheckboxSelectMultiple,
    )
    roles = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        label=_("From people with the role"),
        help_text=_("Only calls of people with one of these roles take the rule. Default: with any"),
        widget=forms.CheckboxSelectMultiple,
    )
    availability = forms.ChoiceField(
        label=_("Available"),
        choices=[
            (Availability.ALWAYS, _("always")),
            (Availability.GENERAL, _("in the general office hours")),
            (Availability.OWN, _("in the office hours below")),
        ],
        help_text=_("Outside these hours a call that this rule would take is refused with 403. Default: always"),
    )
    office_hours_id = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label=_("Own office hours"),
        help_text=_("Outside of them the rule carries no call. Only with “in the office hours below” above"),
    )

    def __init__(self, tenant: Tenant, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hours = OfficeHours.objects.filter(tenant=tenant).values_list("pk", "name")
        self._offer("groups", list(Group.objects.filter(tenant=tenant).values_list("pk", "name")))
        self._offer("roles", list(Role.objects.for_tenant(tenant.pk).values_list("pk", "name")))
        self._offer("office_hours_id", [("", _("none")), *hours])
        trunks = [("", "-"), *changes.trunks_of(tenant)]
        self._rows = self._route_numbers()
        for number in self._rows:
            self._add_route(number, trunks)
        if self._rows[-1] < MOST_ROUTES:
            hint = _("A rule has up to %d routes; the next row appears when this one is used and saved.")
            self.fields[f"trunk_{self._rows[-1]}"].help_text = told(hint) % MOST_ROUTES

    def routes(self) -> list[dict[str, Any]]:
        """The rows with a trunk."""
        said = self.cleaned_data
        return [
            {
                "trunk_id": said[f"trunk_{number}"],
                "strip": said[f"strip_{number}"] or 0,
                "prepend": said[f"prepend_{number}"],
                "caller_number": said[f"caller_number_{number}"],
                "cost": said[f"cost_{number}"] or 0,
            }
            for number in self._rows
            if said[f"trunk_{number}"]
        ]

    def clean_prefixes(self) -> list[str]:
        return _parts(self.cleaned_data["prefixes"])

    def clean_callers(self) -> list[str]:
        return _parts(self.cleaned_data["callers"])

    def clean_lengths(self) -> list[int]:
        parts = _parts(self.cleaned_data["lengths"])
        if not all(part.isascii() and part.isdecimal() for part in parts):
            raise ValidationError(_("These are numbers with ; between, as 11;12."))
        return [int(part) for part in parts]

    def _offer(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _route_numbers(self) -> range:
        """As many as were sent, or as the rule has and one more."""
        sent = (number for number in range(1, MOST_ROUTES + 1) if f"trunk_{number}" in self.data)
        shown = (number + 1 for number in range(1, MOST_ROUTES) if self.initial.get(f"trunk_{number}"))
        return range(1, max((ROUTES, *shown, *sent)) + 1)

    def _add_route(self, number: int, trunks: list[tuple[Any, Any]]) -> None:
        digits: dict[str, Any] = {"required": False, "max_length": 21}
        made: dict[str, forms.Field] = {
            "trunk": forms.TypedChoiceField(
                required=False, coerce=int, empty_value=None, choices=trunks, label=_("Route %d: trunk") % number
            ),
            "strip": forms.IntegerField(required=False, min_value=0, max_value=16, label=_("Characters to take off"),
                                        help_text=_("From the canonical number, as +4930123: 1 takes off the plus.")),
            "prepend": forms.CharField(**digits, label=_("Digits to put before")),
            "caller_number": forms.CharField(**digits, label=_("Number shown")),
            "cost": forms.FloatField(required=False, min_value=0, max_value=1_000_000, label=_("Cost"),
                                     help_text=_("The cheapest route is tried first.")),
        }  # fmt: skip
        for name, field in made.items():
            field.widget.attrs["class"] = "form-select" if name == "trunk" else "form-control"
            self.fields[f"{name}_{number}"] = field


def rule_initial(row: OutboundRule) -> dict[str, Any]:
    said = changes.row_facts(row)
    texts = {name: ";".join(str(part) for part in said[name]) for name in ("prefixes", "callers", "lengths")}
    routes = {
        f"{'trunk' if name == 'trunk_id' else name}_{number}": value
        for number, route in enumerate(row.routes, 1)
        for name, value in route.items()
    }
    return {**said, **texts, **routes}


class QuestionForm(PortalForm):
    """Which rule a call would take."""

    caller = forms.CharField(
        max_length=320, label=_("Caller"), help_text=_("An extension as 101, or its address as 101@example.com")
    )
    number = forms.CharField(max_length=128, label=_("Number as dialled"))
    at = forms.CharField(
        max_length=40, required=False, label=_("At"), help_text=_("As 2026-12-24T18:00+01:00. Default: now")
    )
