"""The web server's configuration file, from the System."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from ringfence.engines.edge.link import Side, web_side
from ringfence.engines.render import Bare, bracketed, quote_nginx, render
from ringfence.engines.system import System
from ringfence.hosts import ports

TEMPLATE = "nginx.conf.j2"
FAR_TEMPLATE = "far-nginx.conf.j2"


@dataclass(frozen=True, slots=True)
class Door:
    """What the SBC's host opens: the core's web server knows by its name which pages are behind it."""

    name: str
    port: int
    secure: bool
    front_page: str = ""
    only: Bare | None = None


PHONE: Final = Door("phone", ports.WEBRTC.first, True, "/phone")
SBC: Final = Door("sbc", ports.SBC_PORTAL.first, True, "/sbc")
PROVISIONING: Final = Door("provisioning", ports.SBC_PROVISIONING.first, False, only=Bare("/provisioning/"))


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the core takes requests of the SBC's host: its own place, whose requests, and what it shows."""

    here: Bare
    there: Bare
    side: Side


def render_web(system: System) -> str:
    """`run/nginx/nginx.conf`: HTTPS on 8887 in front of the portal, on 10443 in front of its browser phone, on 8885 in
    front of the event socket."""
    paths = system.paths
    return render(
        TEMPLATE,
        quote_nginx,
        version=Bare(system.version),
        source=Bare(f"src/ringfence/engines/templates/{TEMPLATE}"),
        limits=system.limits,
        has_ipv6=system.has_ipv6,
        port=ports.WEB_PORTAL.first,
        pid=paths.nginx / "nginx.pid",
        scratch=paths.nginx,
        access_log=paths.web_logs / "access.log",
        certificate=paths.tls / system.web.pair / "web.crt",
        key=paths.tls / system.web.pair / "web.key",
        access=system.web,
        http=ports.HTTP,
        https=ports.HTTPS,
        provisioning=ports.PROVISIONING.first,
        portal=Bare(f"unix:{paths.portal_socket}"),
        static=f"{paths.static}/",
        sbc=system.sbc,
        sbc_port=ports.SBC_PORTAL.first,
        sbc_provisioning=ports.SBC_PROVISIONING.first,
        phone_port=ports.WEBRTC.first,
        wsi_port=ports.WSI.first,
        wsi=Bare(f"unix:{paths.wsi_socket}"),
        pages=_pages(system) if system.sbc.far else None,
    )


def _pages(system: System) -> Pages:
    return Pages(_place(system.sbc.link_here), Bare(str(ip_address(system.sbc.far))), web_side(system.paths.link))


def _place(address: str) -> Bare:
    return Bare(f"{bracketed(ip_address(address))}:{ports.LINK_OF_PAGES}")


def render_far_web(system: System) -> str:
    """The same file on the SBC's host: doors for those outside, each leading to the core's web server."""
    paths = system.paths
    return render(
        FAR_TEMPLATE,
        quote_nginx,
        version=Bare(system.version),
        source=Bare(f"src/ringfence/engines/templates/{FAR_TEMPLATE}"),
        limits=system.limits,
        has_ipv6=system.has_ipv6,
        pid=paths.nginx / "nginx.pid",
        scratch=paths.nginx,
        access_log=paths.web_logs / "access.log",
        certificate=paths.tls / system.web.pair / "web.crt",
        key=paths.tls / system.web.pair / "web.key",
        access=system.web,
        core=_place(system.sbc.core),
        here=Bare(str(ip_address(system.sbc.here))),
        side=web_side(paths.link),
        doors=[PHONE, SBC, *([PROVISIONING] if system.web.sbc_provisioning_http else [])],
    )
