"""What a phone needs to register, for the one page that may show the secret."""

from typing import Any

import segno
from django import template

from ringfence.hosts.transports import Protocol, SipTransport, read_transports, usual
from ringfence.portal import places, publish
from ringfence.portal.people.models import Person
from ringfence.portal.provisioning.models import ProvisioningRules
from ringfence.portal.tenants.models import Tenant

register = template.Library()


@register.inclusion_tag("people/phone_settings.html")
def phone_settings(person: Person, secret: str) -> dict[str, Any]:
    """The settings and a picture of them. The picture is made here and stands in the page; it is stored nowhere."""
    extension = person.extension
    settings = {
        "server": server_of(extension.tenant),
        "extension": extension.number,
        "domain": extension.tenant.domain,
        "ways": ways_of_phones(extension.tenant.tls_only),
        "secret": secret,
    }
    return {**settings, "picture": picture(settings)}


def ways_of_phones(tls_only: bool = False) -> list[str]:
    """Ports with their protocols, as one types them into a phone; of a tenant with TLS only nothing in the clear."""
    found = (one for one in transports_of_phones() if one.protocol.is_secure or not tls_only)
    return [f"{one.port} {one.protocol.upper()}" for one in found]


def transports_of_phones() -> list[SipTransport]:
    """What a phone can be set to at the usual address, the encrypted one first."""
    found = [one for one in usual(read_transports(places.PATHS.transports)) if one.protocol is not Protocol.WSS]
    return sorted(found, key=lambda one: not one.protocol.is_secure)


def server_of(tenant: Tenant) -> str:
    """The name or address that the tenant's phones know this system by; certificates are checked against it."""
    return ProvisioningRules.of(tenant).server or phones_server()


def phones_server() -> str:
    """The address phones are told to use; empty when the network cannot be read."""
    hosts = [host for host in publish.own_hosts() if not host.startswith(("127.", "fe80", "::1"))]
    return hosts[0] if hosts else ""


def picture(settings: dict[str, Any]) -> str:
    """A QR code as a data URI: a camera copies what nobody should have to type."""
    lines = (
        f"user: {settings['extension']}",
        f"password: {settings['secret']}",
        f"domain: {settings['domain']}",
        f"server: {settings['server']}",
        f"port: {', '.join(settings['ways'])}",
    )
    code = segno.make("\n".join(lines), error="m", micro=False)
    return code.svg_data_uri(scale=4, border=4, light="white", dark="black")
