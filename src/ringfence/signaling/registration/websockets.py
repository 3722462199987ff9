"""Opens WebSockets for browsers (RFC 7118): an HTTP request on a port for it becomes a connection that speaks SIP."""

import time

from ringfence.policy.decide import admit_upgrade
from ringfence.policy.rules.websocket import Upgrade
from ringfence.signaling.ports import ksr, web_port
from ringfence.signaling.worker import Worker


def open_web_socket(worker: Worker) -> None:
    """Admits or refuses; a refused connection gets no second try."""
    if not ksr.readable() or worker.drops(ksr.source(), time.time()):
        web_port.refuse_web(403, "Forbidden")
        return
    objection = admit_upgrade(upgrade())
    if objection:
        worker.refused(objection.rule)
        web_port.refuse_web(objection.code, objection.reason)
    elif not web_port.open_web_socket():
        worker.refused("websocket.handshake")


def upgrade() -> Upgrade:
    """What this HTTP request asks for."""
    return Upgrade(
        ksr.method(),
        ksr.text("$hdr(Upgrade)"),
        ksr.text("$hdr(Host)"),
        ksr.text("$hdr(Origin)"),
        ksr.text("$hdr(Sec-WebSocket-Protocol)"),
    )
