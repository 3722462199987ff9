"""What the core's host tells the SBC's about what it shows to those outside: certificates, and which doors are open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from ringfence.engines.certificates.pairs import is_brought
from ringfence.engines.edge.sbcfront import Front, core_front
from ringfence.engines.listeners import read_web_access
from ringfence.hosts.paths import Paths

LONGEST_LINE: Final = 16 << 20
"""64 domains with the longest chains there are fit in."""
SILENCE: Final = 15.0
"""Seconds; the core's host says something every HEARTBEAT."""
HEARTBEAT: Final = 2.0


@dataclass(frozen=True, slots=True)
class Carried:
    """`pair`: the web certificate and its key as PEM, if somebody brought one; a host's own names that host alone."""

    front: Front
    pair: tuple[str, str] | None = None
    hsts: bool = False
    provisioning_http: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON values; the keys are in it."""
        return {
            "front": self.front.plain(),
            "pair": list(self.pair) if self.pair else None,
            "hsts": self.hsts,
            "provisioning_http": self.provisioning_http,
        }

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> Self:
        """Raises ValueError, TypeError, KeyError or AttributeError for what is none."""
        pair = told["pair"]
        if pair is not None:
            chain, key = pair
            pair = (str(chain), str(key))
        switches = (told["hsts"] is True, told["provisioning_http"] is True)
        return cls(Front.from_plain(told["front"]), pair, *switches)


def carried(paths: Paths) -> Carried:
    """What is in force on the core's host."""
    access = read_web_access(paths)
    pair = (paths.web_certificate.read_text(), paths.web_key.read_text()) if is_brought(paths) else None
    return Carried(core_front(paths), pair, access.hsts and pair is not None, access.sbc_provisioning_http)
