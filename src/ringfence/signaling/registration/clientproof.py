"""Which certificate the phone showed that sent this message, where phones show one at all (docs/adr/0042)."""

from typing import Final

from ringfence.policy.model import Request
from ringfence.signaling.ports import ksr
from ringfence.signaling.trunking import links
from ringfence.signaling.worker import Worker

VALID: Final = "$tls_peer_verified"
NAMES: Final = ("$tls_peer_subject_cn", "$tls_peer_san_uri", "$tls_peer_san_email")


_OUTSIDE: Final = "$hdr(X-Ringfence-Certificate)"
"""Set by the SBC alone, for a certificate that it found valid; nobody else is heard on the link (docs/adr/0064)."""


def shown(request: Request, worker: Worker) -> Request:
    """The same request with the names in its connection's certificate."""
    if request.transport != "tls":
        return request
    if ksr.over_link():
        told = ksr.text(_OUTSIDE)
        return request._replace(needs_certificate=True, certificate=names_told(told)) if told else request
    needed = worker.certificate_ports.get((links.heard_on(), ksr.number("$Rp")))
    if needed is None:
        return request
    names = tuple(name for name in map(ksr.text, NAMES) if name) if ksr.number(VALID) == 1 else ()
    return request._replace(needs_certificate=needed, certificate=names)


def names_told(told: str) -> tuple[str, ...]:
    """The names that the SBC says, each in hexadecimal; what is no such text is no name.

    >>> names_told("37303140612e6578616d706c65,<null>,")
    ('701@a.example',)
    """
    return tuple(name for name in map(_decoded, told.split(",")) if name)


def _decoded(text: str) -> str:
    try:
        return bytes.fromhex(text).decode()
    except ValueError:
        return ""
