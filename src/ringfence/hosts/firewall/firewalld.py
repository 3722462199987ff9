"""The plan for firewalld: a service for each opening, and in the zone the services everybody may use and a rich rule
for each network that alone may (firewalld.zone(5), .service(5), .richlanguage(5), .direct(5)).

What is ours begins with `ringfence-`; nothing else is touched.
"""

from ipaddress import ip_network
from itertools import product
from typing import Final
from xml.etree import ElementTree as Xml

from ringfence.hosts.firewall.plan import Opening, Plan

PREFIX: Final = "ringfence-"


def service_name(opening: Opening) -> str:
    return f"{PREFIX}{opening.key}"


def services(plan: Plan) -> dict[str, str]:
    """File name in /etc/firewalld/services -> its XML."""
    return {f"{service_name(opening)}.xml": _service(opening) for opening in plan.openings}


def _service(opening: Opening) -> str:
    root = Xml.Element("service")
    Xml.SubElement(root, "short").text = f"Ringfence {opening.key}"
    Xml.SubElement(root, "description").text = opening.reason
    Xml.SubElement(root, "port", protocol=str(opening.transport), port=opening.ports)
    return _document(root)


def zone(plan: Plan) -> str:
    """A zone of our own with exactly the plan in it: what is not in it is rejected by firewalld's default."""
    root = Xml.Element("zone")
    Xml.SubElement(root, "short").text = "Ringfence"
    Xml.SubElement(root, "description").text = "Generated from Ringfence's firewall plan."
    for opening in plan.openings:
        if opening.is_wide:
            Xml.SubElement(root, "service", name=service_name(opening))
    for opening in plan.openings:
        for source, place in _narrow(opening):
            _rich(root, opening, source, place)
    return _document(root)


def _narrow(opening: Opening) -> tuple[tuple[str, str], ...]:
    """What a rich rule is needed for."""
    return () if opening.is_wide else opening.pairs()


def _rich(root: Xml.Element, opening: Opening, source: str, place: str) -> None:
    rule = Xml.SubElement(root, "rule", family=_family(source or place))
    for side, address in (("source", source), ("destination", place)):
        if address:
            Xml.SubElement(rule, side, address=address)
    Xml.SubElement(rule, "service", name=service_name(opening))
    Xml.SubElement(rule, "accept")


def rich_rules(plan: Plan) -> tuple[str, ...]:
    """The same narrow openings in firewall-cmd's rich language."""
    return tuple(
        f'rule family="{_family(source or place)}" '
        + "".join(
            f'{side} address="{address}" ' for side, address in (("source", source), ("destination", place)) if address
        )
        + f'service name="{service_name(opening)}" accept'
        for opening in plan.openings
        for source, place in _narrow(opening)
    )


def _family(address: str) -> str:
    return f"ipv{ip_network(address).version}"


def direct(plan: Plan) -> str:
    """For hosts that still keep their rules in direct.xml."""
    root = Xml.Element("direct")
    for opening in plan.openings:
        for version in opening.versions():
            for source, place in product(opening.sources_of(version), opening.destinations_of(version) or ("",)):
                rule = Xml.SubElement(root, "rule", priority="0", table="filter", ipv=f"ipv{version}", chain="INPUT")
                ports = opening.ports.replace("-", ":")
                rule.text = (
                    f"-s {source} {f'-d {place} ' if place else ''}-p {opening.transport} --dport {ports} -j ACCEPT"
                )
    return _document(root)


def _document(root: Xml.Element) -> str:
    Xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"
