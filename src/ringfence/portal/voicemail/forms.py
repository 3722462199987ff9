"""Forms: a mailbox, a greeting, what holds for all mailboxes of a tenant."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.forms import PortalForm
from ringfence.portal.people.models import Extension
from ringfence.portal.voicemail.models import Mailbox


class MailboxForm(PortalForm):
    enabled = forms.BooleanField(
        required=False,
        label=_("Voicemail"),
        help_text=_(
            "Calls that are not answered, find the extension busy or without a phone may leave a message. Default: off."
        ),
    )
    pin = forms.CharField(
        required=False,
        max_length=32,
        label=_("New PIN"),
        help_text=_(
            "6 to 10 digits for listening by phone (*97); no repeats as in 111, no sequences as in 012. "
            "Without a PIN nobody can listen by phone."
        ),
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "new-password"}),
    )
    email = forms.EmailField(
        max_length=254,
        required=False,
        label=_("Tell by e-mail"),
        help_text=_("Each new message is told to this address. Empty: no e-mail."),
    )
    email_audio = forms.BooleanField(
        required=False,
        label=_("Attach the message"),
        help_text=_("The e-mail then holds the message itself, which no seal protects any more. Default: off."),
    )


class GreetingForm(PortalForm):
    file = forms.FileField(
        label=_("Greeting"),
        help_text=_("A WAV file with 16 bit PCM of at most 40 seconds. By phone: *97, then 0."),
        widget=forms.FileInput(attrs={"accept": ".wav,audio/wav"}),
    )


class SettingsForm(PortalForm):
    longest_seconds = forms.IntegerField(
        label=_("Longest message (seconds)"), help_text=_("The recording ends after this time. Default: 180.")
    )
    quota_seconds = forms.IntegerField(
        label=_("Room of a mailbox (seconds)"),
        help_text=_("A full mailbox says so and takes no further message. Default: 3600."),
    )
    retention_days = forms.IntegerField(
        label=_("Days of retention"), help_text=_("Older messages are deleted, heard or not. Default: 180.")
    )
    pin_shortest = forms.IntegerField(
        label=_("Shortest PIN (digits)"), help_text=_("6 to 10, for the next PIN that is chosen. Default: 6.")
    )
    pin_no_pattern = forms.BooleanField(
        required=False,
        label=_("No pattern in a PIN"),
        help_text=_("No repeats as in 111, no sequences as in 012. Default: on."),
    )
    pin_no_own_number = forms.BooleanField(
        required=False,
        label=_("No extension number in a PIN"),
        help_text=_("The number of the mailbox itself. Default: on."),
    )


def initial_of(extension: Extension) -> dict[str, Any]:
    box = Mailbox.of(extension)
    return {
        "enabled": bool(extension.calling.get("voicemail")),
        "email": box.email,
        "email_audio": box.email_audio,
    }
