from dataclasses import replace
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.policy.outgoing.spend import MILLION
from ringfence.portal.forms import PortalForm, Suggesting
from ringfence.portal.language import told
from ringfence.portal.problems import Refused
from ringfence.portal.spending.changes import LONGEST_INCREMENT, MOST, MOST_RATE

LIMIT_NOTE: Final = _("Empty is no limit. At the limit the running calls outside are ended and new ones refused.")
NEW_NOTE: Final = _(
    "A limit that is left empty is the default of its kind. For none at all, empty it in the saved budget."
)


def _money(label: Any, text: Any = "", *, most: int = MOST_RATE, required: bool = True) -> forms.DecimalField:
    return forms.DecimalField(
        min_value=0, max_value=most, decimal_places=6, label=label, help_text=text, required=required
    )


class RateForm(PortalForm):
    digits = forms.CharField(
        max_length=15,
        label=_("Prefix"),
        help_text=_("Digits in international form without a plus, as in 4930. The longest prefix counts."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    name = forms.CharField(max_length=64, label=_("Name"), required=False)
    price = _money(_("Price of a minute"), _("As in 0.019."))
    fee = _money(_("Fee for each answered call"))
    first = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_INCREMENT,
        label=_("First seconds, charged whole"),
        help_text=_("An answered call costs at least so many seconds. Default: 60"),
        initial=60,
    )
    each = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_INCREMENT,
        label=_("Then so many seconds at a time"),
        help_text=_("What is begun is charged whole. Default: 60"),
        initial=60,
    )

    def explain(self, refused: Refused) -> None:
        """The field cannot be called `prefix`: that is a form's own."""
        named = [replace(item, field="digits") if item.field == "prefix" else item for item in refused.problems]
        super().explain(Refused(named))

    def values(self) -> dict[str, Any]:
        data = {name: value for name, value in self.cleaned_data.items() if name != "digits"}
        data["prefix"] = self.cleaned_data["digits"].strip().removeprefix("+")
        return {**data, "price": int(data["price"] * MILLION), "fee": int(data["fee"] * MILLION)}


class CurrencyForm(PortalForm):
    currency = forms.CharField(
        max_length=8,
        required=False,
        label=_("Currency of this system"),
        help_text=_(
            "Three letters, as in EUR. It stands beside every amount; a change converts nothing. Default: none"
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false"}),
    )


class RatesFileForm(PortalForm):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_(
            "UTF-8; the first line names the columns: prefix, price, and if wanted name, fee, first, each, currency."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )


class BudgetForm(PortalForm):
    """`owner` is asked for only where a new budget is set; who sets one limit there loses none of the others."""

    owner = forms.CharField(
        max_length=330,
        label=_("Whose"),
        help_text=_(
            "extension, tenant or trunk for all of a kind; or one, as in extension:101@acme.example, tenant:3."
        ),
        widget=Suggesting(attrs={"class": "form-control mono"}),
    )
    enabled = forms.BooleanField(
        label=_("Switched on"),
        help_text=_("Off: calls outside are counted and never stopped. Default: on"),
        required=False,
        initial=True,
    )
    warning_percent = forms.IntegerField(
        min_value=1, max_value=100, initial=80, label=_("Warn at percent"), help_text=_("People are told then.")
    )
    calls_per_minute = forms.IntegerField(
        min_value=0, max_value=MOST, required=False, label=_("Calls outside a minute"), help_text=LIMIT_NOTE
    )
    minutes_per_day = forms.IntegerField(
        min_value=0, max_value=MOST, required=False, label=_("Minutes outside a day"), help_text=_("From midnight UTC.")
    )
    money_per_day = _money(
        _("Money a day"), _("By the rates; a number without a rate costs nothing."), most=MOST, required=False
    )
    new_destinations_per_day = forms.IntegerField(
        min_value=0, max_value=MOST, required=False, label=_("New countries a day"), help_text=_("Never called before.")
    )
    parallel_international = forms.IntegerField(
        min_value=0,
        max_value=MOST,
        required=False,
        label=_("International calls at once"),
        help_text=_("One more, and calls outside are stopped until the budget is renewed."),
    )

    def __init__(self, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fixed:
            del self.fields["owner"]
        else:
            self.fields["calls_per_minute"].help_text = told(NEW_NOTE)

    def values(self) -> dict[str, Any]:
        data = {name: value for name, value in self.cleaned_data.items() if name != "owner"}
        money = data["money_per_day"]
        data["money_per_day"] = None if money is None else int(money * MILLION)
        if "owner" in self.fields:
            return {name: value for name, value in data.items() if value is not None}
        return data
