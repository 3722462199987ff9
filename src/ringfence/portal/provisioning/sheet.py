"""Everything a phone is told, from its row. The one reader of the sealed SIP secret."""

from typing import Final
from urllib.parse import urlsplit

from ringfence.hosts import ports
from ringfence.hosts.sbc import read_sbc
from ringfence.hosts.sip_links import spoken_at
from ringfence.hosts.transports import Protocol, read_transports, usual
from ringfence.policy.relay.encryption import Encryption
from ringfence.portal import places
from ringfence.portal.people.calling import calling_of
from ringfence.portal.people.changes import sip_secret_of
from ringfence.portal.people.templatetags.phones import server_of
from ringfence.portal.provisioning.directory import address_of, admin_password_of, login_of
from ringfence.portal.provisioning.models import Phone, ProvisioningRules
from ringfence.portal.provisioning.render import Account, Key, Sheet
from ringfence.portal.provisioning.vendors import Codec, KeyKind, Srtp, Transport
from ringfence.portal.provisioning.zone import zone_named

SBC_PORTS: Final = {
    Transport.UDP: ports.SBC_SIP_UDP.first,
    Transport.TCP: ports.SBC_SIP_TCP.first,
    Transport.TLS: ports.SBC_SIP_WSS.first,
}
"""Where an SBC takes each; SIP over TLS shares the port of the browsers' WebSocket."""


class NoTransport(Exception):
    """The system does not speak what the phone is set to, and a phone is never set to something weaker in silence."""


def sheet_of(phone: Phone, base: str = "") -> Sheet:
    """Raises SealBroken or NoTransport. `base` is the scheme and host that the phone came by."""
    rules = ProvisioningRules.of(phone.tenant)
    return Sheet(
        account=_account(phone, base),
        mac=phone.mac,
        directory=address_of(phone, base),
        admin_password=admin_password_of(phone),
        srtp=_srtp_of(phone),
        codecs=tuple(Codec(name) for name in phone.codecs),
        keys=keys_of(phone),
        voice_vlan=rules.voice_vlan if phone.voice_vlan is None else phone.voice_vlan,
        time_server=phone.time_server or rules.time_server,
        zone=zone_named(phone.tenant.time_zone),
        firmware=phone.firmware,
        web_page=phone.web_page,
        login=login_of(phone),
    )


def _srtp_of(phone: Phone) -> Srtp:
    """What is agreed for the extension goes before the phone's own choice, which only gets its calls refused."""
    agreed = calling_of(phone.extension).encryption or Encryption(phone.tenant.media_encryption)
    match agreed:
        case Encryption.REQUIRED:
            return Srtp.REQUIRED
        case Encryption.OFF:
            return Srtp.OFF
        case Encryption.OFFERED:
            return Srtp(phone.srtp)


def keys_of(phone: Phone) -> tuple[Key, ...]:
    return tuple(Key(KeyKind(item["kind"]), item["value"], item["label"]) for item in phone.keys)


def port_of(transport: Transport) -> int:
    """Of the usual addresses. Raises NoTransport."""
    for one in usual(read_transports(places.PATHS.transports)):
        if one.protocol is Protocol(transport.value):
            return one.port
    raise NoTransport(f"no SIP transport speaks {transport.upper()}")


def _place_of(phone: Phone, base: str, transport: Transport) -> tuple[str, int]:
    """The server and its port. A phone that came through the SBC, or by a link with transports of its own, is told what
    it came to: it may reach no other. Raises NoTransport."""
    host, port = _came_to(base)
    if port == ports.SBC_PROVISIONING.first and read_sbc(places.PATHS.sbc_switch).has_link:
        return host, SBC_PORTS[transport]
    there = spoken_at(host, read_transports(places.PATHS.transports)) if host else ()
    for one in there:
        if one.link and one.protocol is Protocol(transport.value):
            return host, one.port
    return server_of(phone.tenant), port_of(transport)


def _came_to(base: str) -> tuple[str, int | None]:
    """Host and port that the phone itself named; empty for what is none."""
    try:
        parts = urlsplit(base)
        return parts.hostname or "", parts.port
    except ValueError:
        return "", None


def _account(phone: Phone, base: str) -> Account:
    extension = phone.extension
    transport = Transport.TLS if phone.tenant.tls_only else Transport(phone.transport)
    server, port = _place_of(phone, base, transport)
    return Account(
        number=extension.number,
        name=extension.person.display_name,
        domain=phone.tenant.domain,
        secret=sip_secret_of(extension),
        server=server,
        port=port,
        transport=transport,
    )
