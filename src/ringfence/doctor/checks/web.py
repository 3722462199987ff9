"""Reference "Web Access Security", and "Password and Login Security" as far as it is a setting of the portal."""

from collections.abc import Iterator
from math import floor
from typing import Final

from ringfence.doctor.facts import Settings
from ringfence.doctor.finding import Advice, Check, Severity
from ringfence.policy.sentence import Sentence

SECTION: Final = "Web Access Security"
RENEW_DAYS: Final = 21
LAST_PART: Final = 1 / 3
"""Of a lifetime: a short certificate is renewed by itself when this much of it is left."""

PAGE: Final = "/web-access"


def redirects(facts: Settings) -> Iterator[Sentence]:
    if facts.web and facts.web.redirect_80:
        yield "Port 80 answers with a redirect to the portal."
    if facts.web and facts.web.redirect_443:
        yield "Port 443 answers with a redirect to the portal."


def plain_http(facts: Settings) -> Iterator[Sentence]:
    if facts.web and facts.web.provisioning_http:
        yield "Plain HTTP is open on TCP 8888."


def self_signed(facts: Settings) -> Iterator[Sentence]:
    if facts.web and facts.web.certificate.self_signed:
        yield f"The certificate for {_names(facts)} is signed by nobody but itself."


def expiring(facts: Settings) -> Iterator[Sentence]:
    if facts.web is None:
        return
    certificate = facts.web.certificate
    left, days = certificate.days_left, floor(certificate.days_left)
    if left < 0:
        yield f"The certificate for {_names(facts)} expired {-days} days ago."
    elif days > RENEW_DAYS or left >= certificate.lifetime_days * LAST_PART:
        return
    elif days:
        yield f"The certificate for {_names(facts)} expires in {days} days."
    else:
        yield f"The certificate for {_names(facts)} expires in less than a day."


def failed_order(facts: Settings) -> Iterator[Sentence]:
    if facts.order_failed:
        yield "The last order of a certificate from the authority failed."


def _names(facts: Settings) -> str:
    return ", ".join(facts.web.certificate.names[:3]) if facts.web else ""


def open_administration(facts: Settings) -> Iterator[Sentence]:
    if not facts.administrator_networks:
        yield "System administrators may sign in from every address."
    for network in facts.administrator_networks:
        if network.endswith("/0"):
            yield f"The administrators' network {network} is everybody."


def exposed_portal(facts: Settings) -> Iterator[Sentence]:
    if not facts.reach.portal:
        yield "Everybody may reach the portal, REST and events on 8887 and 8885."


CHECKS: Final = (
    Check(
        "web.redirects", Severity.MEDIUM, "Redirects from ports 80 and 443 are on", SECTION,
        "Switch the redirects of the ports 80 and 443 off: scanners look there first.",
        Advice("Switch both redirects off; people type the port 8887.", page=PAGE), redirects,
    ),
    Check(
        "web.plain_http", Severity.HIGH, "Plain HTTP on port 8888 is exposed", SECTION,
        "Nobody should reach HTTP on 8888; HTTPS alone is for administration.",
        Advice("Close 8888; phones can fetch their configuration over HTTPS.", page=PAGE), plain_http,
    ),
    Check(
        "web.certificate_self_signed", Severity.HIGH, "The certificate is self-signed", SECTION,
        "Bring a certificate of an authority that browsers and phones trust.",
        Advice("Upload a certificate of a trusted authority.", page="/web-access/certificate"), self_signed,
    ),
    Check(
        "web.certificate_expiring", Severity.HIGH, "The certificate expires soon", SECTION,
        "A trusted certificate is one that is still valid.",
        Advice("Renew the certificate and upload it.", page="/web-access/certificate"), expiring,
    ),
    Check(
        "web.order_failed", Severity.HIGH, "The certificate cannot be renewed", SECTION,
        "A trusted certificate is one that is still valid.",
        Advice("See why the last order failed, mend it and order again.", "ringfence acme order", "/web-access/acme"),
        failed_order,
    ),
    Check(
        "web.open_administration", Severity.MEDIUM, "Administrators may come from every address", SECTION,
        "Restrict administration by allowlists or a VPN wherever that is possible.",
        Advice("Name the networks that administrators come from.", page=PAGE), open_administration,
    ),
    Check(
        "web.exposed_portal", Severity.LOW, "The portal is open to the whole Internet", SECTION,
        "Do not expose the portal to the Internet unless that is needed.",
        Advice("Name the networks that need the portal, then apply the firewall plan.", page="/firewall"),
        exposed_portal,
    ),
)  # fmt: skip
