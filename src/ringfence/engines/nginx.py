"""The web server's configuration file, from the System."""

from ringfence.engines.render import Bare, quote_nginx, render
from ringfence.engines.system import System
from ringfence.hosts import ports

TEMPLATE = "nginx.conf.j2"


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
        phone_port=ports.WEBRTC.first,
        wsi_port=ports.WSI.first,
        wsi=Bare(f"unix:{paths.wsi_socket}"),
    )
