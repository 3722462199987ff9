from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.forms import PortalForm
from ringfence.portal.phonecertificates.changes import LONGEST_PEM
from ringfence.portal.tenants.models import Tenant

SHORTEST: int = 12
MOST_TENANTS: int = 500


class MakeForm(PortalForm):
    """For whom, and in which file."""

    tenant_id = forms.TypedChoiceField(label=_("Tenant"), coerce=int)
    extension = forms.CharField(
        max_length=64,
        label=_("Extension"),
        help_text=_("The certificate names it, and where certificates are asked for it registers no other."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    passphrase = forms.CharField(
        min_length=SHORTEST,
        max_length=128,
        required=False,
        label=_("Passphrase of a PKCS#12 file"),
        help_text=_("With one you get a PKCS#12 file that it opens; without, PEM text with the key in the clear."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenants = Tenant.objects.visible_to(actor).order_by("name")[:MOST_TENANTS]
        field = self.fields["tenant_id"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(str(tenant.pk), tenant.name) for tenant in tenants]


class AuthorityForm(PortalForm):
    authorities = forms.CharField(
        required=False,
        max_length=LONGEST_PEM,
        label=_("Another authority"),
        help_text=_(
            "PEM. It signs certificates of phones instead of this system’s own authority. Empty, the default: its own."
        ),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "form-control mono"}),
    )
    revoked = forms.CharField(
        required=False,
        max_length=LONGEST_PEM,
        label=_("Its revocation list"),
        help_text=_("PEM, signed by that authority. Phones whose certificate stands in it are refused."),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "form-control mono"}),
    )
