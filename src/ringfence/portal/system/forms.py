from django import forms

from ringfence.portal.forms import PortalForm, password_field


class SetupForm(PortalForm):
    token = forms.CharField(
        max_length=256, widget=forms.TextInput(attrs={"data-setup-token": "", "autocomplete": "off"})
    )
    password = password_field("Password")
    again = password_field("The same password again")


class SignInForm(PortalForm):
    username = forms.CharField(
        max_length=320, label="Username", widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = password_field("Password", current=True)


class ChangePasswordForm(PortalForm):
    current = password_field("Current password", current=True)
    password = password_field("New password")
    again = password_field("The new password again")
