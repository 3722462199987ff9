"""REST: SIP transports."""

from typing import Any, Literal

from ninja import Field, Router, Schema, Status

from ringfence.hosts.transports import HIGHEST, LOWEST, ClientCertificates, Protocol, SipTransport, plain
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.network.api import LinkOut
from ringfence.portal.permissions import Permission
from ringfence.portal.phonecertificates.changes import ask
from ringfence.portal.schema import In
from ringfence.portal.transports import changes

router = Router()


class TransportOut(Schema):
    name: str
    protocol: str
    port: int
    clients: ClientCertificates
    link: str
    addresses: list[str] = Field(description="Where it is heard; nowhere while its link is gone.")


class TransportsOut(Schema):
    """`links` are those of this machine that a transport can be put on."""

    items: list[TransportOut]
    links: list[LinkOut]


class TransportIn(In):
    """`link` names a link of this machine, a VLAN or a provider's for example, or an own address. Empty: every address
    that the system is usually reached under.
    """

    protocol: Literal["udp", "tcp", "tls", "wss"]
    port: int = Field(ge=LOWEST, le=HIGHEST)
    link: str = Field("", max_length=64)
    interrupt_calls: bool = Field(False, description="Media may start anew for the first transport on a link.")


@router.get("transports", response=TransportsOut)
@needs(Permission.SYSTEM_READ)
def list_transports(request: ApiRequest) -> dict[str, Any]:
    """What the core speaks on which port, and on which links."""
    state = changes.state()
    return {"items": [_out(one, state) for one in state.transports], "links": state.links}


@router.post("transports", response={201: TransportOut})
@needs(Permission.WEB_WRITE)
def add_transport(request: ApiRequest, payload: TransportIn) -> Any:
    """The core listens there within seconds; calls go on. The first one on a link starts the media relay anew."""
    wanted = SipTransport(Protocol(payload.protocol), payload.port, link=payload.link)
    return Status(201, _out(*changes.add(request.auth, wanted, payload.interrupt_calls)))


class TransportPatch(In):
    """Whether phones show a certificate on this TLS transport: not, if they have one, or always."""

    clients: ClientCertificates


@router.patch("transports/{name}", response=TransportOut)
@needs(Permission.WEB_WRITE)
def change_transport(request: ApiRequest, name: str, payload: TransportPatch) -> Any:
    """The core is restarted within seconds; calls go on. See `phone-certificates`."""
    return _out(ask(request.auth, name, payload.clients), changes.state())


@router.delete("transports/{name}", response={204: None})
@needs(Permission.WEB_WRITE)
def remove_transport(request: ApiRequest, name: str) -> Any:
    """Refused for the last one. Phones that use it cannot be reached until they register elsewhere."""
    changes.remove(request.auth, name)
    return Status(204, None)


def _out(one: SipTransport, state: changes.State) -> dict[str, Any]:
    return {**plain(one), "addresses": state.addresses.get(one.name, [])}
