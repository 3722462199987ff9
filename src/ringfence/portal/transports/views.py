"""Page: Advanced > Transports."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ringfence.hosts.transports import HIGHEST, LOWEST, ClientCertificates, Protocol, SipTransport
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.forms import PortalForm
from ringfence.portal.permissions import Permission
from ringfence.portal.phonecertificates.changes import ask
from ringfence.portal.problems import Refused, refuse
from ringfence.portal.transports import changes

HERE = "/transports"
ABOUT = {
    Protocol.UDP: gettext_lazy("SIP in the clear, one datagram a message."),
    Protocol.TCP: gettext_lazy("SIP in the clear over a connection."),
    Protocol.TLS: gettext_lazy("Encrypted SIP for phones; the best choice where phones can do it."),
    Protocol.WSS: gettext_lazy("Encrypted SIP for browsers."),
}

CLIENTS = (
    (ClientCertificates.NONE, gettext_lazy("not asked for")),
    (ClientCertificates.OPTIONAL, gettext_lazy("optional")),
    (ClientCertificates.REQUIRED, gettext_lazy("required")),
)


class TransportForm(PortalForm):
    protocol = forms.ChoiceField(
        label=gettext_lazy("Protocol"), choices=[(one.value, one.value.upper()) for one in Protocol]
    )
    port = forms.IntegerField(
        label=gettext_lazy("Port"),
        min_value=LOWEST,
        max_value=HIGHEST,
        help_text=gettext_lazy("A port that scanners do not try first keeps noise away; it replaces no password."),
    )
    link = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Link"),
        help_text=gettext_lazy(
            "SIP is heard at the addresses of this link alone, and sound of whoever speaks there goes over it. For the "
            "dedicated connection of a provider, or a VLAN. Default: the usual addresses."
        ),
    )
    interrupt_calls = forms.BooleanField(
        required=False,
        label=gettext_lazy("Calls may lose their sound"),
        help_text=gettext_lazy(
            "Off: the first transport on a link, for which the media relay starts anew, is refused while calls are up."
        ),
    )

    def __init__(self, links: list[dict[str, Any]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        link = self.fields["link"]
        if isinstance(link, forms.ChoiceField):
            named = [(one["name"], f"{one['name']}: {', '.join(one['addresses'])}") for one in links]
            link.choices = [("", _("the usual addresses")), *named]


@permitted(Permission.WEB_WRITE)
def transports(request: HttpRequest) -> HttpResponse:
    """What the core listens on; add one, delete one."""
    state, down = _state()
    form = TransportForm(state.links, request.POST if "add" in request.POST else None)
    problem = ""
    try:
        if done := _done(request, form):
            messages.success(request, done)
            return HttpResponseRedirect(HERE)
    except Refused as refused:
        if "add" in request.POST:
            form.explain(refused)
        else:
            problem = refused.problems[0].message if refused.problems else refused.detail
    rows = [
        {"transport": one, "about": ABOUT[one.protocol], "addresses": state.addresses.get(one.name, [])}
        for one in state.transports
    ]
    facts = {"form": form, "rows": rows, "down": down, "problem": problem, "choices": CLIENTS}
    return render(request, "transports/transports.html", facts, status=422 if form.errors or problem else 200)


def _state() -> tuple[changes.State, str]:
    try:
        return changes.state(), ""
    except Refused as refused:
        return changes.State((), {}, []), refused.detail


def _done(request: HttpRequest, form: TransportForm) -> str:
    """What was changed, in a sentence; "" when nothing was asked for. Raises Refused."""
    if "delete" in request.POST:
        changes.remove(actor_of(request), request.POST["delete"])
        return _("Deleted. The firewall plan and phone settings follow.")
    if "ask" in request.POST:
        ask(actor_of(request), request.POST["ask"], wanted_clients(request.POST.get("clients", "")))
        return _("Saved and in force.")
    if not form.is_valid():
        return ""
    told = form.cleaned_data
    wanted = SipTransport(Protocol(told["protocol"]), told["port"], link=told["link"])
    changes.add(actor_of(request), wanted, told["interrupt_calls"])
    return _("Added and in force. Apply the firewall plan to open the port: ringfence firewall apply")


def wanted_clients(text: str) -> ClientCertificates:
    """Raises Refused."""
    try:
        return ClientCertificates(text)
    except ValueError as error:
        raise refuse("clients", "transport.clients", "Certificates of phones: none, optional or required.") from error
