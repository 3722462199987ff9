from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.firewall.models import Area
from ringfence.portal.forms import PortalForm


def _networks(title: Any, about: Any) -> forms.CharField:
    attributes = {"rows": 3, "spellcheck": "false", "class": "form-control mono"}
    return forms.CharField(
        label=title, help_text=about, required=False, max_length=5000, widget=forms.Textarea(attrs=attributes)
    )


class ReachForm(PortalForm):
    """Who may come to what: one address or range on each line, empty for everybody."""

    phones = _networks(
        _("Phones"),
        _(
            "SIP and phone provisioning. Empty by default: phones may be anywhere. With entries, SIP is open to these "
            "networks and to trunks only."
        ),
    )
    portal = _networks(
        _("Portal"),
        _("The portal, REST and events. Empty by default: everybody may come, and has to sign in."),
    )
    ssh = _networks(
        _("SSH"),
        _("Administration of the machine. Empty by default; naming your own networks here is the best protection."),
    )

    def networks(self, area: Area) -> list[str]:
        """The lines of an area."""
        return [line.strip() for line in self.cleaned_data[area.value].splitlines() if line.strip()]
