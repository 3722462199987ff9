from django import forms

from ringfence.portal.forms import PortalForm, password_field


class SetupForm(PortalForm):
    token = forms.CharField(
        max_length=256, widget=forms.TextInput(attrs={"data-setup-token": "", "autocomplete": "off"})
    )
    password = password_field("Password")
    again = password_field("The same password again")
