"""The forms of backups."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ringfence.backups.lock import SHORTEST
from ringfence.portal.backups.changes import LONGEST_PASSPHRASE, MOST_KEPT
from ringfence.portal.forms import PortalForm


class PlanForm(PortalForm):
    nightly = forms.BooleanField(
        label=_("Every night"), required=False, help_text=_("Default: on. It needs a passphrase.")
    )
    hour = forms.IntegerField(
        label=_("Hour (UTC)"),
        min_value=0,
        max_value=23,
        help_text=_("Default: 3. Phones and calls notice nothing of it."),
    )
    keep = forms.IntegerField(
        label=_("Backups to keep"), min_value=1, max_value=MOST_KEPT, help_text=_("Default: 7. The oldest ones go.")
    )


class PassphraseForm(PortalForm):
    passphrase = forms.CharField(
        label=_("Passphrase"),
        max_length=LONGEST_PASSPHRASE,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Keep it away from this server: without it no backup can be opened."),
    )
    again = forms.CharField(
        label=_("The same again"),
        max_length=LONGEST_PASSPHRASE,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("passphrase") != found.get("again"):
            self.add_error("again", gettext("The two do not agree."))
        elif len(found.get("passphrase") or "") < SHORTEST:
            self.add_error("passphrase", gettext("At least %(count)d characters.") % {"count": SHORTEST})
        return found
