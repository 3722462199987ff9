"""Forms: a phone, what holds for the phones of a tenant, a file of phones."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.forms import PortalForm
from ringfence.portal.people.forms import ImportForm
from ringfence.portal.provisioning.models import USUAL_CODECS, Opening
from ringfence.portal.provisioning.render import Key
from ringfence.portal.provisioning.vendors import PROFILES, Codec, KeyKind, Srtp, Transport, Vendor
from ringfence.portal.provisioning.wish import Wish, plain_mac
from ringfence.portal.tenants.models import Tenant

KINDS = {"blf": KeyKind.BLF, "dial": KeyKind.SPEED_DIAL}
WORDS = {kind: word for word, kind in KINDS.items()}


def _offer_tenants(form: forms.Form, actor: Actor) -> None:
    field = form.fields["tenant_id"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [(row.pk, f"{row.name} ({row.domain})") for row in Tenant.objects.visible_to(actor)[:1000]]


def _lines(label: Any, hint: Any) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "form-control mono"})
    return forms.CharField(max_length=8_000, required=False, label=label, help_text=hint, widget=area)


class PhoneForm(PortalForm):
    """`tenant_id` is asked for what is new; a phone stays in its tenant."""

    tenant_id = forms.TypedChoiceField(label=_("Tenant"), coerce=int)
    extension = forms.CharField(
        max_length=64,
        label=_("Extension"),
        help_text=_(
            "Who uses the phone. Another extension changes everything secret the phone has held: its directory, its "
            "passwords, and the SIP secret of the extension it had."
        ),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    vendor = forms.ChoiceField(
        choices=[(item.value, PROFILES[item].title) for item in Vendor],
        label=_("Vendor"),
        help_text=_("Decides which files the phone finds in its directory."),
    )
    mac = forms.CharField(
        max_length=20,
        required=False,
        label=_("MAC address"),
        help_text=_("As on the label below the phone. The files are named after it; only apps have none."),
        widget=forms.TextInput(attrs={"spellcheck": "false", "placeholder": "00:15:65:aa:bb:cc"}),
    )
    model = forms.CharField(max_length=64, required=False, label=_("Model"), help_text=_("For your own overview."))
    transport = forms.ChoiceField(
        choices=[(item.value, item.value.upper()) for item in Transport],
        label=_("Transport"),
        help_text=_("How the phone speaks SIP. Default: TLS; the phone has to trust this system's certificate."),
    )
    srtp = forms.ChoiceField(
        choices=[
            (Srtp.OPTIONAL.value, _("optional")),
            (Srtp.REQUIRED.value, _("required")),
            (Srtp.OFF.value, _("off")),
        ],
        label=_("Media encryption (SRTP)"),
        help_text=_("Optional offers it, required makes no call without it. Default: optional."),
    )
    codecs = forms.MultipleChoiceField(
        choices=[(item.value, item.value) for item in (*USUAL_CODECS, Codec.G729)],
        initial=[item.value for item in USUAL_CODECS],
        label=_("Codecs"),
        help_text=_("What the phone offers, in this order. Default: all but G729."),
        widget=forms.CheckboxSelectMultiple,
    )
    keys = _lines(
        _("Keys"),
        _("One in a line: blf 102 Anna (a lamp that also calls), or dial +4930123 Reception. Default: none."),
    )
    voice_vlan = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=4094,
        label=_("Voice VLAN"),
        help_text=_("The phone tags what it sends with it. Empty: the tenant's, or none."),
    )
    time_server = forms.CharField(
        max_length=253,
        required=False,
        label=_("Time server"),
        help_text=_("Empty: the tenant's, or what the phone has, as from DHCP. The time zone is the tenant's."),
    )
    firmware = forms.CharField(
        max_length=500, required=False, label=_("Firmware"), help_text=_("Where the phone loads it from. Empty: not.")
    )
    web_page = forms.BooleanField(
        required=False,
        label=_("Web page of the phone"),
        help_text=_("Off by default: nobody in the network can change the phone in a browser."),
    )
    networks = _lines(
        _("Fetched from"),
        _("Addresses or networks, one in a line; from elsewhere its directory does not exist. Empty: the tenant's."),
    )
    needs_login = forms.BooleanField(
        required=False,
        label=_("Login of the phone"),
        help_text=_("It has to send a generated user name and password for its files (HTTP Basic). Default: off."),
    )
    opening = forms.ChoiceField(
        choices=[(Opening.ONCE.value, _("for a while")), (Opening.ALWAYS.value, _("always"))],
        label=_("Its directory is open"),
        help_text=_(
            "For a while: until the first fetch and some minutes more, meanwhile only for that address, then closed "
            "until you open it or a setting changes. Always: only its secrecy protects it. Default: for a while."
        ),
    )
    grace_minutes = forms.IntegerField(
        min_value=0,
        max_value=1440,
        initial=15,
        label=_("Open after the first fetch (minutes)"),
        help_text=_("Phones fetch several files. 0 closes it with the first one. Default: 15."),
    )

    def __init__(self, actor: Actor, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_tenants(self, actor)
        if fixed:
            del self.fields["tenant_id"]

    def clean_keys(self) -> tuple[Key, ...]:
        return tuple(_key(line) for line in self.cleaned_data["keys"].splitlines() if line.strip())

    def clean_networks(self) -> tuple[str, ...]:
        return tuple(self.cleaned_data["networks"].replace(",", " ").split())

    def wish(self) -> Wish:
        given = {name: value for name, value in self.cleaned_data.items() if name not in ("tenant_id", "extension")}
        given["mac"] = plain_mac(given["mac"])
        given["codecs"] = tuple(Codec(name) for name in given["codecs"])
        kinds: dict[str, Any] = {"vendor": Vendor, "transport": Transport, "srtp": Srtp, "opening": Opening}
        return Wish(**{**given, **{name: kind(given[name]) for name, kind in kinds.items()}})


class RulesForm(PortalForm):
    """What holds for every phone of a tenant that says nothing else itself."""

    server = forms.CharField(
        max_length=253,
        required=False,
        label=_("Name of this system"),
        help_text=_(
            "What phones know it by, as pbx.example.com. With TLS it must stand in the certificate. Empty: its address."
        ),
    )
    networks = _lines(
        _("Fetched from"),
        _("Addresses or networks, one in a line; from elsewhere no directory exists. Empty: from anywhere."),
    )
    time_server = forms.CharField(
        max_length=253, required=False, label=_("Time server"), help_text=_("Empty: what the phone has.")
    )
    voice_vlan = forms.IntegerField(
        required=False, min_value=1, max_value=4094, label=_("Voice VLAN"), help_text=_("Empty: none.")
    )

    def clean_networks(self) -> list[str]:
        return str(self.cleaned_data["networks"]).replace(",", " ").split()


class PhoneFileForm(ImportForm):
    """As for extensions, with other columns."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _(
            "UTF-8, the first line names the columns: extension, vendor, mac, and if you like model, transport, srtp, "
            "voice_vlan, opening."
        )
        self.fields["text"].widget.attrs["placeholder"] = "extension,vendor,mac\n101,yealink,00:15:65:aa:bb:cc"


def initial_of(facts: dict[str, Any]) -> dict[str, Any]:
    """A stored phone as the values of its form."""
    values = dict(facts)
    values["keys"] = "\n".join(
        f"{WORDS[KeyKind(key['kind'])]} {key['value']} {key['label']}".strip() for key in facts["keys"]
    )
    values["networks"] = "\n".join(facts["networks"])
    return values


def _key(line: str) -> Key:
    kind, _space, rest = line.strip().partition(" ")
    value, _space, label = rest.strip().partition(" ")
    if kind.lower() not in KINDS or not value:
        raise ValidationError(_("%(line)s is no key: write blf 102 Anna, or dial 0301234 Taxi.") % {"line": line[:60]})
    return Key(KINDS[kind.lower()], value, label.strip())
