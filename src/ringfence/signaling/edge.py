"""The script the SBC loads. It knows the hygiene of SIP and of WebSockets and nothing else of the product: no account,
no rule, no journal; the core judges everything again, by the address that the SBC says.
"""

from ringfence.policy.decide import admit_upgrade, screen
from ringfence.signaling import facts, ksr, web_port
from ringfence.signaling.failsafe import drop_message, guarded, refuse_request
from ringfence.signaling.websockets import upgrade

UNFRAMED = "packet.framing"


def _report(where: str, error: str) -> None:
    ksr.log_error(f"ringfence sbc {where}: {error}")


@guarded(refuse_request, _report)
def ksr_admit(*_: object) -> bool:
    """Whether a request of a client is passed on; if not, it was answered as far as it deserves."""
    if not ksr.readable():
        return False
    if not ksr.sane():
        ksr.reply_insane()
        return False
    objection = screen(facts.packet())
    if objection:
        ksr.reply(objection.code, objection.reason)
        if objection.rule == UNFRAMED:
            ksr.close_stream()
        return False
    return True


@guarded(drop_message, _report)
def ksr_web_socket(*_: object) -> None:
    objection = admit_upgrade(upgrade()) if ksr.readable() else None
    if not ksr.readable():
        web_port.refuse_web(400, "Bad Request")
    elif objection:
        web_port.refuse_web(objection.code, objection.reason)
    else:
        web_port.open_web_socket()
