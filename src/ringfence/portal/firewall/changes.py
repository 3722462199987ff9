"""What can be done to the plan: say who may come to what."""

from ipaddress import ip_address, ip_network
from typing import Final

from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.firewall.models import AdmittedNetwork, Area
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import refuse
from ringfence.portal.security.changes import parsed_prefix

MOST_NETWORKS: Final = 50
"""Of each area; a cloud's security group holds 60 rules."""


def admit(actor: Actor, area: Area, wanted: list[str]) -> list[str]:
    """Replaces the networks of an area; none means everybody. Raises Refused, also if it would lock the actor out."""
    require(actor, Permission.WEB_WRITE)
    if len(wanted) > MOST_NETWORKS:
        raise refuse(area.value, "firewall.too_many", f"At most {MOST_NETWORKS} networks.")
    found = list(dict.fromkeys(str(parsed_prefix(text, field=area.value)) for text in wanted))
    if area is Area.PORTAL and found and not _inside(actor.address, found):
        message = f"Your own address {actor.address} is in none of these networks: you would lock yourself out."
        raise refuse(area.value, "firewall.own_address", message)
    with change(actor) as draft:
        old = list(AdmittedNetwork.objects.filter(area=area.value).values_list("cidr", flat=True))
        AdmittedNetwork.objects.filter(area=area.value).delete()
        AdmittedNetwork.objects.bulk_create(AdmittedNetwork(area=area.value, cidr=cidr) for cidr in found)
        draft.record("firewall.networks_changed", area.value, area.value, {"networks": old}, {"networks": found})
    return found


def _inside(address: str, networks: list[str]) -> bool:
    if address in ("", "local"):
        return True
    own = ip_address(address)
    return own.is_loopback or any(own in ip_network(network) for network in networks)
