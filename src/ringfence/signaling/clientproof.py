"""Which certificate the phone showed that sent this message, where phones show one at all (docs/adr/0042)."""

from typing import Final

from ringfence.policy.model import Request
from ringfence.signaling import ksr, links
from ringfence.signaling.worker import Worker

VALID: Final = "$tls_peer_verified"
NAMES: Final = ("$tls_peer_subject_cn", "$tls_peer_san_uri", "$tls_peer_san_email")


def shown(request: Request, worker: Worker) -> Request:
    """The same request with the names in its connection's certificate."""
    if request.transport != "tls" or not worker.certificate_ports or ksr.over_link():
        return request
    needed = worker.certificate_ports.get((links.heard_on(), ksr.number("$Rp")))
    if needed is None:
        return request
    names = tuple(name for name in map(ksr.text, NAMES) if name) if ksr.number(VALID) == 1 else ()
    return request._replace(needs_certificate=needed, certificate=names)
