"""What can be done to web access."""

from typing import Any, Final

from ringfence.portal.access import require, require_any
from ringfence.portal.actor import Actor
from ringfence.portal.change import SECRET_CHANGED, change
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import refuse
from ringfence.portal.security.changes import parsed_prefix
from ringfence.portal.webaccess import server
from ringfence.portal.webaccess.models import AdministratorNetwork, admitted

SWITCHES: Final = ("redirect_80", "redirect_443", "provisioning_http", "sbc_provisioning_http")
MOST_NETWORKS: Final = 200
LONGEST_PEM: Final = 100_000


def current(actor: Actor) -> dict[str, Any]:
    """Switches, certificate and networks as they are in force."""
    require_any(actor, Permission.SYSTEM_READ, Permission.WEB_WRITE)
    return {**server.ask("web.show"), "administrator_networks": networks()}


def networks() -> list[str]:
    return list(AdministratorNetwork.objects.values_list("cidr", flat=True))


def switch_listeners(actor: Actor, values: dict[str, bool]) -> dict[str, Any]:
    """Opens and closes ports at once. Raises Refused."""
    require(actor, Permission.WEB_WRITE)
    before = server.ask("web.show")
    after = server.ask("web.listen", **values)
    with change(actor) as draft:
        old, new = ({name: state[name] for name in SWITCHES} for state in (before, after))
        draft.record("web_access.changed", "", "Web access", old, new)
    return after


def bring_certificate(actor: Actor, chain: str, key: str, host: str) -> dict[str, Any]:
    """Puts a certificate in force, dropping no connection. Raises Refused with the fault; the old one stays then."""
    require(actor, Permission.WEB_WRITE)
    if len(chain) > LONGEST_PEM or len(key) > LONGEST_PEM:
        raise refuse("chain", "certificate.length", "This is too much text for a certificate with its chain.")
    before = server.ask("web.show")["certificate"]
    after = server.ask("web.certificate", chain=chain, key=key, host=host.strip())
    with change(actor) as draft:
        old = {"fingerprint": before["fingerprint"], "names": before["names"]}
        new = {"fingerprint": after["certificate"]["fingerprint"], "names": after["certificate"]["names"]}
        draft.record("certificate.changed", "web", "Certificate of the web portal", old, {**new, "key": SECRET_CHANGED})
    return after


def admit_administrators(actor: Actor, wanted: list[str]) -> list[str]:
    """Replaces the networks that system administrators may come from. The acting administrator's own address must be
    inside, or the next click would be refused. Raises Refused."""
    require(actor, Permission.WEB_WRITE)
    if len(wanted) > MOST_NETWORKS:
        raise refuse("administrator_networks", "web_access.too_many", f"At most {MOST_NETWORKS} networks.")
    found = list(dict.fromkeys(str(parsed_prefix(text, field="administrator_networks")) for text in wanted))
    if actor.address not in ("", "local") and not admitted(actor.address, found):
        message = f"Your own address {actor.address} is in none of these networks: you would lock yourself out."
        raise refuse("administrator_networks", "web_access.own_address", message)
    with change(actor) as draft:
        old = networks()
        AdministratorNetwork.objects.all().delete()
        AdministratorNetwork.objects.bulk_create(AdministratorNetwork(cidr=text) for text in found)
        draft.record(
            "web_access.administrator_networks", "", "Administrators’ networks", {"networks": old}, {"networks": found}
        )
    return found
