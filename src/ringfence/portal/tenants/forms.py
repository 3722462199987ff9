from django import forms

from ringfence.portal.forms import PortalForm


class TenantForm(PortalForm):
    name = forms.CharField(
        max_length=64, label="Name", widget=forms.TextInput(attrs={"autofocus": True, "placeholder": "Example Ltd"})
    )
    domain = forms.CharField(
        max_length=253,
        label="SIP domain",
        help_text="A host name such as example.com. Phones register with extension@domain; it cannot change later.",
        widget=forms.TextInput(attrs={"placeholder": "example.com", "spellcheck": "false", "autocapitalize": "none"}),
    )


class RenameForm(PortalForm):
    name = forms.CharField(max_length=64, label="Name")
