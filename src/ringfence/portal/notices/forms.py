from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.forms import PortalForm
from ringfence.portal.notices.changes import MOST_STORM_BANS, Wish
from ringfence.portal.notices.means import LogTransport, MailEncryption, Means
from ringfence.portal.notices.topics import TOPICS

COMMON: Final = ("name", "topics", "storm_bans", "enabled")
APART: Final = ("name", "topics", "storm_bans", "enabled", "secret")


class DestinationForm(PortalForm):
    """What every destination has; the fields of its means come from a subclass."""

    name = forms.CharField(max_length=64, label=_("Name"))
    topics = forms.MultipleChoiceField(
        choices=[(topic.value, telling.title) for topic, telling in TOPICS.items()],
        label=_("Tell it of"),
        help_text=_("Each of these is sent as it happens. Default: none"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "choices"}),
    )
    storm_bans = forms.IntegerField(
        min_value=2,
        max_value=MOST_STORM_BANS,
        initial=20,
        label=_("A ban storm is so many bans in a minute"),
        help_text=_("Default: 20"),
    )
    enabled = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Send notices"),
        help_text=_("Off: nothing is sent, and nothing is kept for later. Default: on"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        special = [name for name in self.fields if name not in COMMON]
        self.order_fields(["name", *special, "topics", "storm_bans", "enabled"])

    def wish(self) -> Wish:
        cleaned = self.cleaned_data
        return Wish(
            name=cleaned["name"],
            topics=tuple(cleaned["topics"]),
            settings={name: value for name, value in cleaned.items() if name not in APART},
            enabled=cleaned["enabled"],
            storm_bans=cleaned["storm_bans"],
            secret=cleaned.get("secret") or None,
        )


class MailForm(DestinationForm):
    host = forms.CharField(
        max_length=253,
        label=_("Mail server"),
        help_text=_("A name or an address; the notices process speaks SMTP to it"),
    )
    port = forms.IntegerField(min_value=1, max_value=65_535, initial=587, label=_("Port"))
    encryption = forms.ChoiceField(
        choices=[
            (MailEncryption.STARTTLS.value, "STARTTLS (587)"),
            (MailEncryption.TLS.value, "TLS (465)"),
            (MailEncryption.NONE.value, _("none, without a password (25)")),
        ],
        label=_("Encryption"),
        help_text=_("The server's certificate is checked."),
    )
    username = forms.CharField(max_length=200, required=False, label=_("Username"))
    secret = forms.CharField(
        max_length=500,
        required=False,
        strip=False,
        label=_("Password"),
        help_text=_("Stored sealed and never shown. Left empty, a stored one stays."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    sender = forms.CharField(max_length=254, label=_("Sender"), help_text=_("The address that the mails come from"))
    recipients = forms.CharField(max_length=2000, label=_("Recipients"), help_text=_("Separated by commas."))

    def clean_recipients(self) -> list[str]:
        return [part.strip() for part in self.cleaned_data["recipients"].split(",") if part.strip()]


class WebhookForm(DestinationForm):
    url = forms.CharField(
        max_length=500,
        label=_("HTTPS address"),
        help_text=_("Gets a POST with signed JSON for each notice"),
        widget=forms.URLInput(),
    )
    private_network = forms.BooleanField(
        required=False,
        label=_("It lies in a private network"),
        help_text=_("Otherwise only public addresses are spoken to. Never this machine itself."),
    )


class SyslogForm(DestinationForm):
    transport = forms.ChoiceField(
        choices=[
            (LogTransport.TLS.value, "TLS (6514)"),
            (LogTransport.TCP.value, "TCP (514)"),
            (LogTransport.UDP.value, "UDP (514)"),
            (LogTransport.LOCAL.value, _("this machine's own /dev/log")),
        ],
        label=_("Transport"),
        help_text=_("Each notice is one line of JSON in a message after RFC 5424."),
    )
    host = forms.CharField(
        max_length=253,
        required=False,
        label=_("Log collector"),
        help_text=_("A name or an address; it gets lines after RFC 5424"),
    )
    port = forms.IntegerField(min_value=1, max_value=65_535, required=False, label=_("Port"))


FORMS: Final[dict[Means, type[DestinationForm]]] = {
    Means.EMAIL: MailForm,
    Means.WEBHOOK: WebhookForm,
    Means.SYSLOG: SyslogForm,
}


def initial_of(facts: dict[str, Any]) -> dict[str, Any]:
    """A stored destination as the values of its form."""
    values = {**facts, **facts["settings"]}
    if "recipients" in values:
        values["recipients"] = ", ".join(values["recipients"])
    return values
