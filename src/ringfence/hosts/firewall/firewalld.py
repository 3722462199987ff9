"""The plan for firewalld: a service for each opening, and in the zone the services everybody may use and a rich rule
for each network that alone may (firewalld.zone(5), .service(5), .richlanguage(5), .direct(5)).

What is ours begins with `ringfence-`; nothing else is touched.
"""

from ipaddress import ip_network
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
        if opening.everybody:
            Xml.SubElement(root, "service", name=service_name(opening))
    for opening in plan.openings:
        for source in opening.sources:
            _rich(root, opening, source)
    return _document(root)


def _rich(root: Xml.Element, opening: Opening, source: str) -> None:
    rule = Xml.SubElement(root, "rule", family=f"ipv{ip_network(source).version}")
    Xml.SubElement(rule, "source", address=source)
    Xml.SubElement(rule, "service", name=service_name(opening))
    Xml.SubElement(rule, "accept")


def rich_rules(plan: Plan) -> tuple[str, ...]:
    """The same narrow openings in firewall-cmd's rich language."""
    return tuple(
        f'rule family="ipv{ip_network(source).version}" source address="{source}" '
        f'service name="{service_name(opening)}" accept'
        for opening in plan.openings
        for source in opening.sources
    )


def direct(plan: Plan) -> str:
    """For hosts that still keep their rules in direct.xml."""
    root = Xml.Element("direct")
    for opening in plan.openings:
        for version in (4, 6):
            for source in opening.sources_of(version):
                rule = Xml.SubElement(root, "rule", priority="0", table="filter", ipv=f"ipv{version}", chain="INPUT")
                ports = opening.ports.replace("-", ":")
                rule.text = f"-s {source} -p {opening.transport} --dport {ports} -j ACCEPT"
    return _document(root)


def _document(root: Xml.Element) -> str:
    Xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"
