"""From what is configured to the openings it needs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Final

from ringfence.hosts import ports
from ringfence.hosts.addresses import is_link_name
from ringfence.hosts.firewall.plan import ANYWHERE, Limit, Opening, Plan, narrowed
from ringfence.hosts.ports import Service, Transport
from ringfence.hosts.voice_network import VoiceNetwork


@dataclass(frozen=True, slots=True)
class Listener:
    """A SIP transport as configured: `protocol` is the word of RFC 3261 (udp, tcp, tls, wss). `at` are the addresses of
    its own `link`; without one it is at every usual address.
    """

    protocol: str
    port: int
    link: str = ""
    at: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A name that stays while its address does.

        >>> Listener("udp", 5060).key, Listener("udp", 5060, "eth1", ("10.9.0.1/32",)).key
        ('sip-udp-5060', 'sip-udp-5060-at-10-9-0-1')
        """
        address = self.at[0].partition("/")[0] if self.at else ""
        there = f"-at-{address.replace('.', '-').replace(':', '-')}" if address else ""
        return f"sip-{self.protocol}-{self.port}{there}"

    @property
    def transport(self) -> Transport:
        return Transport.UDP if self.protocol == "udp" else Transport.TCP


@dataclass(frozen=True, slots=True)
class TrunkPeer:
    """A provider that calls in: its networks and the SIP transport it uses."""

    name: str
    networks: tuple[str, ...]
    protocol: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Who may come to what. An empty tuple means everybody; the machine's own administrators set it."""

    phones: tuple[str, ...] = ()
    portal: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configured:
    """Everything the plan is made of."""

    sip: tuple[Listener, ...]
    web_services: tuple[Service, ...]
    redirects: tuple[int, ...] = ()
    provisioning: bool = False
    trunks: tuple[TrunkPeer, ...] = ()
    ssh_ports: tuple[int, ...] = (ports.SSH.first,)
    media: tuple[Service, ...] = (ports.RTP,)
    reach: Reach = Reach()
    sbc: tuple[Listener, ...] = ()
    sbc_provisioning: bool = False
    media_at: tuple[str, ...] = ()
    """The addresses of the link that media has for itself; empty where it has none."""
    limits: tuple[Limit, ...] = ()
    far_sbc: str = ""
    """The address of an SBC on another host; empty where there is none."""


REASONS: Final = {
    ports.WEB_PORTAL: "the portal and the REST API over HTTPS",
    ports.WSI: "events for programs and pages over a secure WebSocket",
    ports.WEBRTC: "the browser phone over HTTPS",
    ports.SBC_PORTAL: "the SBC's portal over HTTPS",
    ports.SBC_PROVISIONING: "phones fetch their configuration through the SBC",
}


def plan_of(configured: Configured) -> Plan:
    """The plan: what is configured is open to those who need it, and nothing else is."""
    return Plan(
        (*_web(configured), *_sip(configured), *_media(configured), *_through_sbc(configured), *_ssh(configured)),
        configured.limits,
    )


def limits_of(voice: VoiceNetwork) -> tuple[Limit, ...]:
    """The limit of the voice VLAN; none for a name that no link can have."""
    limited = voice.voice_link_packets > 0 and is_link_name(voice.voice_link)
    return (Limit(voice.voice_link, voice.voice_link_packets),) if limited else ()


def _web(configured: Configured) -> Iterable[Opening]:
    reach = configured.reach
    for service in configured.web_services:
        yield _service(f"web-{service.first}", service, REASONS[service], reach.portal)
    if configured.provisioning:
        reason = "phones fetch their configuration over plain HTTP, switched on under Web Access"
        yield _service("provisioning", ports.PROVISIONING, reason, reach.phones)
    for port in configured.redirects:
        yield Opening(
            f"redirect-{port}", Transport.TCP, port, port, "redirect to the portal, switched on", reach.portal
        )


def _sip(configured: Configured) -> Iterable[Opening]:
    """Phones and trunks use one listener: it is open to all of both, and to everybody when phones may be anywhere."""
    for listener in configured.sip:
        calling = [trunk for trunk in configured.trunks if trunk.protocol == listener.protocol]
        phones = configured.reach.phones
        sources = narrowed([*phones, *(net for trunk in calling for net in trunk.networks)]) if phones else ()
        names = ", ".join(trunk.name for trunk in calling)
        word = f"{listener.protocol.upper()} ({listener.link})" if listener.link else listener.protocol.upper()
        reason = f"SIP over {word} for phones" + (f" and trunks ({names})" if names else "")
        yield Opening(
            listener.key,
            listener.transport,
            listener.port,
            listener.port,
            reason,
            sources,
            listener.at,
        )


def _media(configured: Configured) -> Iterable[Opening]:
    """Media of a call may come from another address than its signalling, so this stays open to everybody; the relay
    takes packets only of running calls."""
    for service in configured.media:
        reason = "audio and video of calls, through the media relay"
        yield replace(_service(f"rtp-{service.first}", service, reason, ()), destinations=configured.media_at)


def _through_sbc(configured: Configured) -> Iterable[Opening]:
    """Phones outside may be anywhere; its portal is for whoever may come to the other one. The link is opened where it
    comes from another host, and to that host alone.
    """
    if configured.far_sbc:
        network = str(ip_network(configured.far_sbc))
        reason = "the link with the SBC on another host, with a certificate on both sides"
        for port in ports.FAR_LINK:
            yield Opening(f"sbc-link-{port}", Transport.TCP, port, port, reason, (network,))
    if not configured.sbc:
        return
    known = {(one.transport, one.port) for one in configured.sip if not one.link}
    for one in configured.sbc:
        if (one.transport, one.port) not in known:
            reason = f"SIP over {one.protocol.upper()} for phones outside, through the SBC"
            yield Opening(f"sbc-{one.protocol}-{one.port}", one.transport, one.port, one.port, reason, ())
    media = _service("sbc-rtp", ports.SBC_RTP, "audio and video of phones outside, through the SBC", ())
    yield replace(media, destinations=configured.media_at)
    yield _service("sbc-portal", ports.SBC_PORTAL, REASONS[ports.SBC_PORTAL], configured.reach.portal)
    if configured.sbc_provisioning:
        reason = "phones outside fetch their configuration over plain HTTP, switched on under Web Access"
        yield _service("sbc-provisioning", ports.SBC_PROVISIONING, reason, ())


def _ssh(configured: Configured) -> Iterable[Opening]:
    for port in configured.ssh_ports:
        yield Opening(f"ssh-{port}", Transport.TCP, port, port, "administration over SSH", configured.reach.ssh)


def with_ssh(plan: Plan, ssh_ports: Iterable[int]) -> Plan:
    """The plan with these ports of SSH instead of its own, open to the same networks."""
    old = [opening for opening in plan.openings if opening.key.startswith("ssh-")]
    reach = Reach(ssh=old[0].sources if old else ())
    others = [opening for opening in plan.openings if opening not in old]
    changed = Configured(sip=(), web_services=(), ssh_ports=tuple(ssh_ports), reach=reach)
    return replace(plan, openings=(*others, *_ssh(changed)))


def _service(key: str, service: Service, reason: str, sources: tuple[str, ...]) -> Opening:
    return Opening(key, service.transport, service.first, service.last, reason, everybody_as_nobody_named(sources))


def everybody_as_nobody_named(sources: tuple[str, ...]) -> tuple[str, ...]:
    """Networks that hold everybody say the same as none.

    >>> everybody_as_nobody_named(("0.0.0.0/0", "::/0")), everybody_as_nobody_named(("192.0.2.0/24",))
    ((), ('192.0.2.0/24',))
    """
    return () if set(ANYWHERE) <= set(sources) else sources
