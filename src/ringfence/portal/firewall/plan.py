"""The firewall plan of this system, from what is configured now, and its renderings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ringfence import __version__
from ringfence.hosts import ports
from ringfence.hosts.addresses import NetworkUnreadable, surroundings
from ringfence.hosts.firewall import aws, azure, firewalld, gcp, nftables, ufw
from ringfence.hosts.firewall.openings import Configured, Listener, Reach, TrunkPeer, limits_of, plan_of
from ringfence.hosts.firewall.plan import Plan, narrowed
from ringfence.hosts.sbc import read_sbc
from ringfence.hosts.sip_links import addresses_now, links_of
from ringfence.hosts.transports import read_transports
from ringfence.hosts.voice_network import read_voice_network
from ringfence.policy.book import Protection
from ringfence.portal import places
from ringfence.portal.acme.models import AcmeSettings
from ringfence.portal.firewall.models import AdmittedNetwork, Area
from ringfence.portal.security.models import ProtectedAddress
from ringfence.portal.webaccess import server

WEB: Final = (ports.WEB_PORTAL, ports.WEBRTC, ports.WSI)


@dataclass(frozen=True, slots=True)
class Rendering:
    """The plan in the words of one firewall."""

    title: str | Promise
    file: str
    text: Callable[[Plan], str]


RENDERINGS: Final[dict[str, Rendering]] = {
    "nftables": Rendering("nftables", "ringfence.nft", lambda plan: nftables.render(plan, __version__)),
    "firewalld": Rendering(_("firewalld: zone"), "ringfence.xml", firewalld.zone),
    "firewalld-services": Rendering(
        _("firewalld: services"), "services.txt", lambda plan: _bundle(firewalld.services(plan))
    ),
    "firewalld-direct": Rendering(_("firewalld: direct rules"), "direct.xml", firewalld.direct),
    "ufw": Rendering("ufw", "ringfence-ufw.sh", ufw.render),
    "aws-cloudformation": Rendering(_("AWS: CloudFormation"), "ringfence-aws.json", aws.cloudformation),
    "aws-terraform": Rendering(_("AWS: Terraform"), "ringfence-aws.tf.json", aws.terraform),
    "azure": Rendering(_("Azure: ARM template"), "ringfence-azure.json", azure.arm),
    "azure-bicep": Rendering(_("Azure: rules for Bicep"), "ringfence-azure-rules.json", azure.bicep),
    "gcp-terraform": Rendering(_("Google Cloud: Terraform"), "ringfence-gcp.tf.json", gcp.terraform),
    "gcp-gcloud": Rendering(_("Google Cloud: gcloud"), "ringfence-gcp.sh", gcp.gcloud),
}


def current_plan(ssh_ports: tuple[int, ...] = (ports.SSH.first,)) -> Plan:
    """What is open now and has to be; port 80 too where an authority asks for names there. Raises Refused while the web
    server's state cannot be had."""
    web = server.ask("web.show")
    wanted = {ports.HTTP: web["redirect_80"] or AcmeSettings.current().is_complete, ports.HTTPS: web["redirect_443"]}
    redirects = tuple(port for port, is_wanted in wanted.items() if is_wanted)
    return plan_of(
        Configured(
            sip=sip_listeners(),
            web_services=WEB,
            redirects=redirects,
            provisioning=bool(web["provisioning_http"]),
            sbc=sbc(),
            far_sbc=read_sbc(places.PATHS.sbc_switch).far,
            sbc_provisioning=bool(web["sbc_provisioning_http"]),
            trunks=_trunks(),
            ssh_ports=ssh_ports,
            reach=reach(),
            media_at=media_at(),
            limits=limits_of(read_voice_network(places.PATHS.voice_network)),
        )
    )


def media_at() -> tuple[str, ...]:
    """The addresses of the link that media has for itself, and those of transports with links; a link that is gone, or
    a network that cannot be read, narrows nothing, as the relay itself goes back to the usual addresses."""
    place = read_voice_network(places.PATHS.voice_network).media_on
    try:
        found = surroundings().placed(place) if place else ()
    except NetworkUnreadable:
        return ()
    if not found:
        return ()
    with_links = (address for one in sip_listeners() for address in one.at)
    return narrowed([*map(str, found), *with_links])


def sip_listeners() -> tuple[Listener, ...]:
    """The transports in force. One whose link is gone is heard nowhere, and opens nothing."""
    transports = read_transports(places.PATHS.transports)
    heard = addresses_now(links_of(transports))
    found = [(one, narrowed(map(str, heard.get(one.link, ())))) for one in transports]
    return tuple(Listener(str(one.protocol), one.port, one.link, at) for one, at in found if at or one.is_usual)


def sbc() -> tuple[Listener, ...]:
    """What the SBC listens on; nothing while there is none."""
    return tuple(Listener(str(one.protocol), one.port) for one in read_sbc(places.PATHS.sbc_switch).transports)


def reach() -> Reach:
    """Who may come to what."""
    found: dict[str, list[str]] = {area.value: [] for area in Area}
    for area, cidr in AdmittedNetwork.objects.values_list("area", "cidr"):
        found[area].append(cidr)
    return Reach(**{area: tuple(networks) for area, networks in found.items()})


def _trunks() -> tuple[TrunkPeer, ...]:
    """A trunk's networks, for every transport: which one a provider uses is the trunk's business."""
    rows = ProtectedAddress.objects.filter(kind=Protection.TRUNK).values_list("name", "cidr")
    named: dict[str, list[str]] = {}
    for name, cidr in rows:
        named.setdefault(name, []).append(cidr)
    return tuple(
        TrunkPeer(name, tuple(networks), listener.protocol)
        for name, networks in named.items()
        for listener in sip_listeners()
    )


def facts(plan: Plan) -> list[dict[str, Any]]:
    """The openings as plain values."""
    return [
        {
            "key": opening.key,
            "transport": str(opening.transport),
            "ports": opening.ports,
            "first": opening.first,
            "last": opening.last,
            "reason": opening.reason,
            "sources": list(opening.sources),
            "destinations": list(opening.destinations),
        }
        for opening in plan.openings
    ]


def _bundle(files: dict[str, str]) -> str:
    return "\n".join(f"<!-- {name} -->\n{text}" for name, text in files.items())
