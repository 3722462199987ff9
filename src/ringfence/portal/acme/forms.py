from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.acme.changes import LONGEST
from ringfence.portal.forms import PortalForm


def _text(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "spellcheck": "false", "class": "form-control mono"})


class AcmeForm(PortalForm):
    """Each field says what it does on the wire."""

    directory = forms.CharField(
        required=False,
        max_length=LONGEST["directory"],
        label=_("Directory of the authority"),
        help_text=_("Its address for ACME, over HTTPS. Empty by default: nothing is ordered."),
        widget=forms.TextInput(
            attrs={"placeholder": "https://acme-v02.api.letsencrypt.org/directory", "spellcheck": "false"}
        ),
    )
    names = forms.CharField(
        required=False,
        max_length=6_000,
        label=_("Host names"),
        help_text=_(
            "One on each line. The authority asks each of them on port 80 (http-01), so they must lead here from the "
            "Internet, and a firewall must let TCP 80 through. No wildcards."
        ),
        widget=_text(3),
    )
    email = forms.EmailField(
        required=False,
        max_length=LONGEST["email"],
        label=_("E-mail address"),
        help_text=_("Told to the authority, for its warnings. It may be empty where the authority permits that."),
    )
    terms_agreed = forms.BooleanField(
        required=False,
        label=_("I agree to the authority’s terms"),
        help_text=_(
            "Off by default. Without it no account is opened and nothing ordered. The directory says where the terms "
            "are (termsOfService)."
        ),
    )
    renew = forms.BooleanField(
        required=False,
        label=_("Renew by itself"),
        help_text=_(
            "On by default: a certificate that was ordered here is ordered anew when two thirds of its lifetime are "
            "over. One that was uploaded is left alone."
        ),
    )
    authority = forms.CharField(
        required=False,
        max_length=LONGEST["authority"],
        label=_("Certificates of a private authority"),
        help_text=_(
            "PEM, for an authority of your own: its directory is believed only with one of these. Empty by default: "
            "those that this machine trusts."
        ),
        widget=_text(4),
    )
    external_key_id = forms.CharField(
        required=False,
        max_length=LONGEST["external_key_id"],
        label=_("Name of the external account’s key"),
        help_text=_(
            "Only where the authority wants an account that you have there already (external account binding)."
        ),
    )
    external_key = forms.CharField(
        required=False,
        max_length=LONGEST["external_key"],
        label=_("The external account’s key"),
        help_text=_("As the authority shows it. Kept sealed and never shown again; empty leaves it as it is."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def values(self) -> dict[str, Any]:
        found = dict(self.cleaned_data)
        found["names"] = [line.strip() for line in found["names"].splitlines() if line.strip()]
        if not found["external_key"]:
            del found["external_key"]
        return found
