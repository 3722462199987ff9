from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.forms import PortalForm
from ringfence.portal.webaccess.changes import LONGEST_PEM


def _switch(title: Any, about: Any) -> forms.BooleanField:
    widget = forms.CheckboxInput(attrs={"class": "form-check-input", "role": "switch"})
    return forms.BooleanField(label=title, help_text=about, required=False, widget=widget)


class ListenersForm(PortalForm):
    """Each switch says what happens on the wire."""

    redirect_80 = _switch(
        _("Redirect from port 80"),
        _("Off by default: nothing listens on 80. On: plain HTTP there is answered with the way to the portal."),
    )
    redirect_443 = _switch(
        _("Redirect from port 443"),
        _("Off by default: nothing listens on 443. On: HTTPS there is answered with the way to port 8887."),
    )
    provisioning_http = _switch(
        _("Plain HTTP for phones on port 8888"),
        _(
            "Off by default: nothing listens on 8888. On: only addresses below /provisioning/ are passed on, never a "
            "page or the REST API. Phones that can HTTPS fetch the same files on 8887 and need no open port here."
        ),
    )
    sbc_provisioning_http = _switch(
        _("Plain HTTP for phones on the SBC's port 8882"),
        _(
            "Off by default: nothing listens on 8882. On, while there is an SBC: addresses below /provisioning/ are "
            "passed on for phones outside, never a page or the REST API."
        ),
    )


class CertificateForm(PortalForm):
    """Pasted or as files; both are read in memory and the key is never stored in the database."""

    host = forms.CharField(
        max_length=253,
        label=_("Host name"),
        help_text=_("The name people type to reach this portal; the certificate must be made for it."),
        widget=forms.TextInput(attrs={"placeholder": "pbx.example.com", "spellcheck": "false"}),
    )
    chain = forms.CharField(
        max_length=LONGEST_PEM,
        label=_("Certificate and chain"),
        help_text=_("PEM: the server’s certificate first, then each issuer; the root may be left out."),
        widget=forms.Textarea(
            attrs={"rows": 6, "spellcheck": "false", "class": "form-control mono", "data-secret": ""}
        ),
    )
    key = forms.CharField(
        max_length=LONGEST_PEM,
        required=False,
        label=_("Private key"),
        help_text=_(
            "PEM without a passphrase. Leave it empty if it stands in the text above. It is never shown again."
        ),
        widget=forms.Textarea(
            attrs={
                "rows": 4,
                "spellcheck": "false",
                "class": "form-control mono",
                "autocomplete": "off",
                "data-secret": "",
            }
        ),
    )


class NetworksForm(PortalForm):
    administrator_networks = forms.CharField(
        required=False,
        max_length=20_000,
        label=_("Networks of the system’s administrators"),
        help_text=_(
            "One address or range on each line. Empty by default: they may come from everywhere. With entries, their "
            "sign-in, their sessions and their tokens are refused from other addresses. Tenants are not concerned."
        ),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "form-control mono"}),
    )

    def networks(self) -> list[str]:
        lines = self.cleaned_data["administrator_networks"].splitlines()
        return [line.strip() for line in lines if line.strip()]
