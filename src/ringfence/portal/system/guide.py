"""The guided setup after the one-time link: steps in their order, each explains itself, all can be left and resumed."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ringfence.hosts import ports
from ringfence.hosts.addresses import NetworkUnreadable, surroundings
from ringfence.hosts.listening import listens
from ringfence.hosts.ports import Part, Service
from ringfence.portal.language import told
from ringfence.portal.system.models import Installation


class Step(StrEnum):
    """What is asked after the administrator's password."""

    SECOND_FACTOR = "second-factor"
    CERTIFICATE = "certificate"
    NETWORK = "network"
    TENANT = "tenant"
    EXTENSIONS = "extensions"
    FIREWALL = "firewall"


TITLES: Final = {
    Step.SECOND_FACTOR: "Second factor",
    Step.CERTIFICATE: "Certificate",
    Step.NETWORK: "Network",
    Step.TENANT: "First tenant",
    Step.EXTENSIONS: "Extensions",
    Step.FIREWALL: "Firewall",
}
ORDER: Final = tuple(Step)
FINISHED: Final = "finished"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the browser was shown when this page was opened."""

    fingerprint: str
    names: tuple[str, ...]
    expires: datetime
    self_signed: bool


@dataclass(frozen=True, slots=True)
class PortState:
    """One row of the port table as it is now."""

    service: Service
    state: str

    @property
    def is_open(self) -> bool:
        return self.state != "off"


def begin() -> None:
    """Right after the administrator was made."""
    Installation.objects.filter(pk=1).update(guide_step=ORDER[0])


def current() -> Step | None:
    """Where to go on; None when the guide is finished or was never begun (systems set up over REST)."""
    row = Installation.objects.filter(pk=1).first()
    return Step(row.guide_step) if row is not None and row.guide_step in Step else None


def done_with(step: Step) -> Step | None:
    """Remembers that this step is behind us and says which is next."""
    place = ORDER.index(step) + 1
    following = ORDER[place] if place < len(ORDER) else None
    at = current()
    if at is not None and (following is None or ORDER.index(at) < place):
        Installation.objects.filter(pk=1).update(guide_step=following or FINISHED)
    return following


def progress(step: Step) -> list[dict[str, Any]]:
    """The row of steps above each page."""
    at = current()
    reached = ORDER.index(at) if at is not None else len(ORDER)
    return [
        {"step": item, "title": TITLES[item], "here": item is step, "done": index < reached, "open": index <= reached}
        for index, item in enumerate(ORDER)
    ]


def certificate(port: int) -> Certificate | None:
    """The certificate that really answers on the portal's port; None when nothing answers there."""
    try:
        text = ssl.get_server_certificate(("127.0.0.1", port), timeout=3)
    except (OSError, ValueError):
        return None
    found = x509.load_pem_x509_certificate(text.encode())
    return Certificate(
        fingerprint=found.fingerprint(hashes.SHA256()).hex(":").upper(),
        names=_names(found),
        expires=found.not_valid_after_utc,
        self_signed=found.issuer == found.subject,
    )


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*names.get_values_for_type(x509.DNSName), *(str(ip) for ip in names.get_values_for_type(x509.IPAddress)))


def network() -> dict[str, Any]:
    """Own addresses, gateways and name servers as the kernel has them."""
    try:
        found = surroundings()
    except NetworkUnreadable as error:
        return {"unreadable": str(error)}
    return {
        "primary": str(found.primary),
        "own": [str(item) for item in found.own if not item.is_loopback],
        "gateways": [str(item) for item in found.gateways],
        "resolvers": [str(item) for item in found.resolvers],
        "private": found.primary.is_private,
    }


def port_states() -> list[PortState]:
    """Each row of the reference's port table: listens now, opens with each call, or off."""
    return [PortState(service, _state(service)) for service in ports.TABLE]


def _state(service: Service) -> str:
    if service is ports.RTP:
        return told("per call")
    if service.part is Part.HOST:
        return told("the host")
    return "listens" if listens(service) else "off"


def firewall_plan() -> list[PortState]:
    """What must be reachable from phones and browsers; all else stays closed."""
    return [row for row in port_states() if row.is_open]


def firewall_commands() -> dict[str, str]:
    """The plan in the words of the two usual front ends."""
    pairs = dict.fromkeys((row.service.ports, row.service.transport.value) for row in firewall_plan())
    return {
        "ufw": "\n".join(f"ufw allow {span.replace('-', ':')}/{transport}" for span, transport in pairs),
        "firewalld": "\n".join(
            [
                *(f"firewall-cmd --permanent --add-port={span}/{transport}" for span, transport in pairs),
                "firewall-cmd --reload",
            ]
        ),
    }
