"""The script the SBC loads. It knows the hygiene of SIP and of WebSockets, which user agents the core blocks, and
nothing else of the product: no account, no rule, no journal; the core judges everything again, by the address that the
SBC says.
"""

from functools import lru_cache

from ringfence.policy.decide import admit_upgrade, screen
from ringfence.policy.model import Refuse
from ringfence.policy.offenders.agents import BlockedAgents, decoded
from ringfence.policy.relay.media import UNPROVED
from ringfence.policy.rules.packet import INSANE, UNFRAMED, UNREADABLE
from ringfence.signaling import facts
from ringfence.signaling.failsafe import drop_message, guarded, refuse_request
from ringfence.signaling.ports import encoding_port, ksr, link_port, web_port
from ringfence.signaling.registration.websockets import upgrade
from ringfence.signaling.relay.places import keep_near


@lru_cache(maxsize=1)
def _blocked(version: str) -> BlockedAgents:
    """A long list is read once for each version, not with each message."""
    return decoded(link_port.agents_told()) if version else BlockedAgents()


def _report(where: str, error: str) -> None:
    ksr.log_error(f"ringfence sbc {where}: {error}")


def _keep_out() -> int:
    """What nobody judged is not passed on either."""
    refuse_request()
    return drop_message()


@guarded(_keep_out, _report)
def ksr_admit(*_: object) -> bool:
    """Whether a request of a client is passed on; if not, it was answered as far as it deserves.

    What names a blocked user agent is never answered here. The core is told of it, since it counts. In its first second
    the SBC has not heard the list yet, and says of itself neither 100 nor what is wrong with a message.
    """
    readable = ksr.readable()
    if not readable and not encoding_port.head_is_text():
        return False
    told = link_port.agents_version()
    blocked = _blocked(told).block_any(ksr.user_agents())
    objection = (screen(facts.packet()) or (None if readable else UNREADABLE)) if ksr.sane() else INSANE
    if objection:
        _refuse(objection, silent=blocked or not told)
        return False
    if blocked or not told:
        link_port.answer_nothing(also_when_the_core_is_gone=blocked)
    if not keep_near():
        _refuse(UNPROVED, silent=blocked or not told)
        return False
    return True


def _refuse(objection: Refuse, silent: bool) -> None:
    if silent:
        ksr.close_stream()
    elif objection is INSANE:
        ksr.reply_insane()
    else:
        ksr.reply(objection.code, objection.reason)
        if objection.rule == UNFRAMED:
            ksr.close_stream()


@guarded(drop_message, _report)
def ksr_answered(*_: object) -> bool:
    """Whether the session description in an answer of a client is passed on."""
    return keep_near()


@guarded(drop_message, _report)
def ksr_heard(*_: object) -> bool:
    """Whether the core has more to tell than what its answer held."""
    return link_port.hear_agents()


@guarded(drop_message, _report)
def ksr_web_socket(*_: object) -> None:
    objection = admit_upgrade(upgrade()) if ksr.readable() else None
    if not ksr.readable():
        web_port.refuse_web(400, "Bad Request")
    elif objection:
        web_port.refuse_web(objection.code, objection.reason)
    else:
        web_port.open_web_socket()
