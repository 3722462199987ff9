"""What the web server listens on beside the portal's own port, and how it is remembered."""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from ringfence.engines.certificates.challenges import Challenge
from ringfence.hosts import ports
from ringfence.hosts.jsonfile import replace_json
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import Sbc

SWITCHES: Final = ("redirect_80", "redirect_443", "provisioning_http", "sbc_provisioning_http")


@dataclass(frozen=True, slots=True)
class WebAccess:
    """Reference, "Web Access Security": no redirect from 80 and 443 and nothing on 8888 unless somebody asks for it.

    `pair` names the directory of the certificate in force below `state/tls`; `hsts` tells browsers never to come
    without HTTPS again, which is right only while they trust that certificate (RFC 6797, 8.4). `challenges` are
    answered on port 80 while a certificate is being ordered, and remembered by nobody.
    """

    redirect_80: bool = False
    redirect_443: bool = False
    provisioning_http: bool = False
    sbc_provisioning_http: bool = False
    hsts: bool = False
    pair: str = "current"
    challenges: tuple[Challenge, ...] = ()

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are open beside 8887."""
        known = (
            (self.redirect_80 or bool(self.challenges), ports.HTTP),
            (self.redirect_443, ports.HTTPS),
            (self.provisioning_http, ports.PROVISIONING.first),
            (self.sbc_provisioning_http, ports.SBC_PROVISIONING.first),
        )
        return tuple(port for is_on, port in known if is_on)

    def ports_beside(self, sbc: Sbc) -> tuple[int, ...]:
        """Those of this host: an SBC elsewhere opens its own."""
        return tuple(port for port in self.ports if not (sbc.far and port == ports.SBC_PROVISIONING.first))


def read_web_access(paths: Paths) -> WebAccess:
    """What was last put in force; without a readable file everything beside the portal is closed."""
    pair = os.readlink(paths.current_pair) if paths.current_pair.is_symlink() else "current"
    return replace(read_switches(paths.web_access), pair=pair)


def read_switches(path: Path) -> WebAccess:
    """The same without the certificate, for accounts that may not look where those are."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stored = {}
    return _switches(stored)


def _switches(stored: Any) -> WebAccess:
    def is_on(name: str) -> bool:
        return isinstance(stored, dict) and stored.get(name) is True

    return WebAccess(
        redirect_80=is_on("redirect_80"),
        redirect_443=is_on("redirect_443"),
        provisioning_http=is_on("provisioning_http"),
        sbc_provisioning_http=is_on("sbc_provisioning_http"),
        hsts=is_on("hsts"),
    )


def write_web_access(path: Path, access: WebAccess) -> None:
    kept = {name: value for name, value in asdict(access).items() if name not in ("pair", "challenges")}
    replace_json(path, kept, 0o644)
