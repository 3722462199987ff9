from typing import Any

from django import forms

from ringfence.portal.forms import PortalForm, password_field
from ringfence.portal.language import told

CODE = {"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}


class SignInForm(PortalForm):
    username = forms.CharField(
        max_length=320,
        label="Username",
        help_text="With an extension: its number and domain, as 101@example.com.",
        widget=forms.TextInput(attrs={"autocomplete": "username webauthn", "autofocus": True, "spellcheck": "false"}),
    )
    password = password_field("Password", current=True)


class CodeForm(PortalForm):
    code = forms.CharField(
        max_length=32,
        label="Code",
        help_text="Six digits of your authenticator app, or one of your recovery codes.",
        widget=forms.TextInput(attrs=CODE),
    )


class AppCodeForm(PortalForm):
    """Proves that a new authenticator app shows our codes."""

    code = forms.CharField(
        max_length=32,
        label="Code the app shows now",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}),
    )


class PasskeyForm(forms.Form):
    """Filled in by the browser's passkey dialogue."""

    credential = forms.JSONField()
    name = forms.CharField(max_length=64, required=False)

    def clean_credential(self) -> dict[str, Any]:
        found = self.cleaned_data["credential"]
        if not isinstance(found, dict):
            raise forms.ValidationError(told("The browser sent no passkey."))
        return found


class ProvePasswordForm(PortalForm):
    password = password_field("Your password", current=True)


class ChangePasswordForm(PortalForm):
    current = password_field("Current password", current=True)
    password = password_field("New password")
    again = password_field("The new password again")


class ExtensionPasswordForm(PortalForm):
    """Empty: one is generated."""

    sip_secret = forms.CharField(
        max_length=256,
        required=False,
        strip=False,
        label="New extension password (SIP)",
        help_text="Leave it empty and a strong one is generated. Your phone needs it, nobody has to remember it.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none", "data-secret": ""}
        ),
    )
