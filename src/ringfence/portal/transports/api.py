"""REST: SIP transports."""

from typing import Any, Literal

from ninja import Field, Router, Schema, Status

from ringfence.hosts.transports import HIGHEST, LOWEST, ClientCertificates, Protocol, SipTransport, plain
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
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


class TransportsOut(Schema):
    items: list[TransportOut]


class TransportIn(In):
    protocol: Literal["udp", "tcp", "tls", "wss"]
    port: int = Field(ge=LOWEST, le=HIGHEST)


@router.get("transports", response=TransportsOut)
@needs(Permission.SYSTEM_READ)
def list_transports(request: ApiRequest) -> dict[str, Any]:
    """What the core speaks on which port."""
    return {"items": [_out(one) for one in changes.current()]}


@router.post("transports", response={201: TransportOut})
@needs(Permission.WEB_WRITE)
def add_transport(request: ApiRequest, payload: TransportIn) -> Any:
    """The core listens there within seconds; calls go on."""
    return Status(201, _out(changes.add(request.auth, Protocol(payload.protocol), payload.port)))


class TransportPatch(In):
    """Whether phones show a certificate on this TLS transport: not, if they have one, or always."""

    clients: ClientCertificates


@router.patch("transports/{name}", response=TransportOut)
@needs(Permission.WEB_WRITE)
def change_transport(request: ApiRequest, name: str, payload: TransportPatch) -> Any:
    """The core is restarted within seconds; calls go on. See `phone-certificates`."""
    return _out(ask(request.auth, name, payload.clients))


@router.delete("transports/{name}", response={204: None})
@needs(Permission.WEB_WRITE)
def remove_transport(request: ApiRequest, name: str) -> Any:
    """Refused for the last one. Phones that use it cannot be reached until they register elsewhere."""
    changes.remove(request.auth, name)
    return Status(204, None)


def _out(one: SipTransport) -> dict[str, Any]:
    return plain(one)
