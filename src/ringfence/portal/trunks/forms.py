from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ringfence.hosts.sip_links import links_of
from ringfence.hosts.transports import read_transports
from ringfence.policy.relay.encryption import Encryption
from ringfence.policy.trunking.trunks import CallerIn, TrunkKind, TrunkTransport
from ringfence.portal import places
from ringfence.portal.actor import Actor
from ringfence.portal.forms import PortalForm
from ringfence.portal.language import told
from ringfence.portal.media_fields import aes_256_field, encryption_field
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.trunks.wish import MOST_CALLS, Wish

ADVICE: Final = {
    TrunkKind.REGISTER: _(
        "The provider asks for a registration with user name and password. It is as secure as the password and the "
        "way to the provider: prefer TLS, and calls are still taken from the provider's addresses only."
    ),
    TrunkKind.ADDRESS: _(
        "Commonly used with providers that have fixed source addresses. It is as secure as that list is strict and "
        "spoofed packets are kept out: list only the provider's addresses, and prefer TLS and SRTP."
    ),
    TrunkKind.ACCEPT_REGISTER: _(
        "A gateway, for instance for E1/T1 lines, registers here with a user name and a password. "
        "Calls are permitted only after that."
    ),
}
"""Conditional, as the reference corrects itself: no kind is more secure by itself ("SIP Trunk Authentication")."""


def _lines(label: Any, hint: Any) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "form-control mono"})
    return forms.CharField(max_length=20_000, required=False, label=label, help_text=hint, widget=area)


class TrunkForm(PortalForm):
    """All that a trunk can have; each kind leaves out what it does not use."""

    name = forms.CharField(max_length=64, label=_("Name"))
    tenant_id = forms.TypedChoiceField(
        coerce=int, required=False, empty_value=None, label=_("Tenant"), help_text=_("Whose calls may use it.")
    )
    enabled = forms.BooleanField(
        required=False, initial=True, label=_("Enabled"), help_text=_("Off: nothing is sent there and nobody is heard.")
    )
    transport = forms.ChoiceField(
        choices=[(item.value, item.value.upper()) for item in TrunkTransport],
        label=_("Transport"),
        help_text=_(
            "The only transport that is used and believed. Default: UDP. With TLS the provider's certificate has to be"
            " of a trusted authority and for the host or the domain; before that, no password and no call goes there."
        ),
    )
    encryption = encryption_field(
        _(
            "On the trunk's side. Offered, the default: SRTP when the provider offers it, and when we call over TLS we"
            " say that we could. Required: RTP/SAVP is the only offer, and a call without SRTP is refused with 488."
            " Off: plain RTP, and an offer of SRTP is refused."
        )
    )
    aes_256_only = aes_256_field()
    link = forms.ChoiceField(
        required=False,
        label=_("Link"),
        help_text=_(
            "Of the transport that is used. Calls and registrations leave over it, SIP and SDP name its address, and"
            " the provider is heard there alone. Default: the usual addresses. More links: Advanced > Transports."
        ),
    )
    hosts = _lines(_("Hosts"), _("One in a line: host and port, as sip.example.net 5060. Tried in this order."))
    sources = _lines(
        _("Associated addresses"),
        _("One in a line: address or range, and a port if only that one is used, as 192.0.2.0/28 5060."),
    )
    domain = forms.CharField(
        max_length=253,
        required=False,
        label=_("SIP domain"),
        help_text=_("Stands in what we send there. Default: the first host."),
    )
    username = forms.CharField(
        max_length=64,
        required=False,
        label=_("Username"),
        help_text=_("What the digest names: ours at the provider, or the gateway's here"),
    )
    realm = forms.CharField(
        max_length=128,
        required=False,
        label=_("Realm"),
        help_text=_("The password is shown to no other realm. Default: the SIP domain."),
    )
    auth_username = forms.CharField(
        max_length=64,
        required=False,
        label=_("Username for authentication"),
        help_text=_("Where the provider gave two names: this one goes with the password. Default: the username."),
    )
    from_domain = forms.CharField(
        max_length=253,
        required=False,
        label=_("Domain in From"),
        help_text=_("Where the provider wants another one behind our name and numbers. Default: the SIP domain."),
    )
    caller_in = forms.ChoiceField(
        choices=[
            (CallerIn.FROM.value, _("in From, and as P-Asserted-Identity")),
            (CallerIn.P_ASSERTED_IDENTITY.value, _("as P-Asserted-Identity; From names the account")),
            (CallerIn.P_PREFERRED_IDENTITY.value, _("as P-Preferred-Identity; From names the account")),
            (CallerIn.REMOTE_PARTY_ID.value, _("as Remote-Party-ID; From names the account")),
        ],
        initial=CallerIn.FROM.value,
        label=_("Caller's number"),
        help_text=_(
            "Where the provider reads it. Without an account the number shown stands in From. With Remote-Party-ID"
            " calls that come in are read so too. Default: in From"
        ),
    )
    password = forms.CharField(
        max_length=128,
        required=False,
        strip=False,
        label=_("Password"),
        help_text=_("Stored sealed and never shown. Left empty, a stored one stays; a gateway gets a generated one."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    expires = forms.IntegerField(
        min_value=60,
        max_value=3600,
        initial=300,
        label=_("Registration lasts (s)"),
        help_text=_("It is renewed when half of that is over. Default: 300"),
    )
    keepalive = forms.IntegerField(
        min_value=0,
        max_value=600,
        initial=30,
        label=_("Keep-alive every (s)"),
        help_text=_("An OPTIONS to each host; one that does not answer gets no calls. 0 sends none. Default: 30"),
    )
    country_code = forms.CharField(
        max_length=3,
        required=False,
        label=_("Country code"),
        help_text=_("Of numbers that come in without one, as 49."),
    )
    trunk_prefix = forms.CharField(
        max_length=3,
        required=False,
        initial="0",
        label=_("Prefix of national numbers"),
        help_text=_("Taken off numbers that come in. Default: 0"),
    )
    default_number = forms.CharField(
        max_length=32,
        required=False,
        label=_("Number shown"),
        help_text=_("When the caller's own number is not the trunk's, as +4930123456."),
    )
    numbers = _lines(
        _("Caller numbers"), _("What may be shown, one in a line, as +4930123456 or all that begin with +4930123*.")
    )
    max_calls = forms.IntegerField(
        min_value=0,
        max_value=MOST_CALLS,
        required=False,
        label=_("Calls at a time"),
        help_text=_("Empty is without a limit; 0 lets no call through."),
    )
    tenant_max_calls = _lines(
        _("Calls at a time of one tenant"),
        _("Of a shared trunk: one tenant in a line, its SIP domain and the number of calls, as acme.example 10."),
    )
    user_agent = forms.CharField(
        max_length=128,
        required=False,
        label=_("User agent of the provider"),
        help_text=_("It can then not be blocked by accident."),
    )

    def __init__(self, actor: Actor, kind: TrunkKind, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in UNUSED[kind] + (("tenant_id",) if fixed else ()):
            del self.fields[name]
        if kind is TrunkKind.ACCEPT_REGISTER:
            self.fields["domain"].required = True
            self.fields["domain"].help_text = told(
                _(
                    "The gateway registers in it, or at an address of this system. A name of its own that no tenant "
                    "has, as gw1.example.net."
                )
            )
        self._tenants = Tenant.objects.visible_to(actor)
        tenants = self.fields.get("tenant_id")
        if isinstance(tenants, forms.ChoiceField):
            found = [(str(one.pk), one.name) for one in self._tenants]
            tenants.choices = [("", _("shared by all tenants")), *found]
        link = self.fields.get("link")
        if isinstance(link, forms.ChoiceField):
            known = links_of(read_transports(places.PATHS.transports))
            named = {*known, str(self.initial.get("link") or "")} - {""}
            link.choices = [("", _("the usual addresses")), *((one, one) for one in sorted(named))]

    def clean_hosts(self) -> tuple[tuple[str, int], ...]:
        return _pairs(self.cleaned_data["hosts"], 5060)

    def clean_sources(self) -> tuple[tuple[str, int], ...]:
        return _pairs(self.cleaned_data["sources"], 0)

    def clean_numbers(self) -> tuple[str, ...]:
        return tuple(self.cleaned_data["numbers"].split())

    def clean_tenant_max_calls(self) -> dict[int, int]:
        """The limit of each tenant that is named."""
        given: dict[str, int] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["tenant_max_calls"].splitlines())):
            domain, _blank, most = line.partition(" ")
            if not (most.strip().isascii() and most.strip().isdigit()):
                raise ValidationError(_("%(line)s is not a SIP domain and a number of calls.") % {"line": line[:60]})
            given[domain.lower()] = int(most.strip()[:12])
        known = dict(self._tenants.filter(domain__in=given).values_list("domain", "pk"))
        if unknown := sorted(given.keys() - known.keys()):
            raise ValidationError(_("There is no tenant with the SIP domain %(name)s.") % {"name": unknown[0][:60]})
        return {known[domain]: most for domain, most in given.items()}

    def wish(self) -> Wish:
        cleaned = dict(self.cleaned_data)
        cleaned.pop("tenant_id", None)
        chosen: dict[str, Any] = {
            "transport": TrunkTransport(cleaned.pop("transport")),
            "encryption": Encryption(cleaned.pop("encryption")),
            "secret": cleaned.pop("password", "") or None,
            "caller_in": CallerIn(cleaned.pop("caller_in", CallerIn.FROM)),
        }
        shares = cleaned.pop("tenant_max_calls")
        return Wish(**cleaned, **chosen, shares=shares)


UNUSED: Final[dict[TrunkKind, tuple[str, ...]]] = {
    TrunkKind.REGISTER: (),
    TrunkKind.ADDRESS: ("username", "realm", "auth_username", "password", "expires"),
    TrunkKind.ACCEPT_REGISTER: (
        *("hosts", "sources", "realm", "expires", "keepalive", "link"),
        *("auth_username", "from_domain", "caller_in"),
    ),
}


def initial_of(facts: dict[str, Any]) -> dict[str, Any]:
    """A stored trunk as the values of its form."""
    values = dict(facts)
    values["hosts"] = "\n".join(f"{item['host']} {item['port']}" for item in facts["hosts"])
    values["sources"] = "\n".join(
        f"{item['cidr']} {item['port']}" if item["port"] else item["cidr"] for item in facts["sources"]
    )
    values["numbers"] = "\n".join(facts["numbers"])
    limits = {item["tenant_id"]: item["max_calls"] for item in facts["tenant_max_calls"]}
    named = Tenant.objects.filter(pk__in=limits).order_by("domain").values_list("pk", "domain")
    values["tenant_max_calls"] = "\n".join(f"{domain} {limits[key]}" for key, domain in named)
    return values


def _pairs(text: str, port: int) -> tuple[tuple[str, int], ...]:
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 2 or (len(words) == 2 and not (words[1].isascii() and words[1].isdigit())):
            raise ValidationError(_("%(line)s is not an address and a port.") % {"line": repr(line[:60])})
        if words:
            found.append((words[0], int(words[1][:6]) if len(words) == 2 else port))
    return tuple(found)
