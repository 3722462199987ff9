"""The part of the typed port to Kamailio that only the SBC's link uses."""

import os
from functools import lru_cache
from typing import Final

import KSR

from ringfence.hosts import ports
from ringfence.policy.offenders.agents import BlockedAgents, Held, held, piece, piece_for, version_of
from ringfence.signaling.ports import ksr

UNTOLD = "none"
"""What `agents_version` is at the start of an SBC (`sbc.cfg`)."""

AGENTS: Final = "X-Ringfence-Agents"
"""In the SBC's question what it holds of the list, in the core's answer the next part."""

LINK_NAME = f"udp:{os.environ.get('RINGFENCE_LINK', '127.0.0.1')}:{ports.LINK_TO_CORE}"
"""Of the link's own address, or Kamailio would look for the connection beside another one."""


def remember_client(uri: str) -> None:
    """The same for a client of the SBC. Its binding must outlive the connection of the link, which belongs to many:
    Kamailio is shown another socket, so that its answer needs the transaction to find its way."""
    ksr.new_transaction()
    KSR.pv.sets("$avp(received)", uri)
    KSR.corex.set_recv_socket(LINK_NAME)


def end_all(aor: str) -> bool:
    """Ends every registration if that is what was asked for (`Contact: *`, RFC 3261 section 10.2.2): where there is a
    Path, Kamailio's registrar says 200 and ends none.
    """
    if ksr.text("$ct").strip() != "*":
        return False
    KSR.registrar.unregister(ksr.REGISTER_TABLE, f"sip:{aor}")
    return True


def tell_agents(agents: BlockedAgents) -> None:
    """Answers the SBC's question with the part of the list that it lacks."""
    version, word = _word(agents)
    ksr.reply_header(f"{AGENTS}: {piece_for(held(ksr.text(f'$hdr({AGENTS})')), version, word)}")


@lru_cache(maxsize=1)
def _word(agents: BlockedAgents) -> tuple[str, str]:
    word = agents.as_word()
    return version_of(word), word


def hear_agents() -> bool:
    """Takes a part of the list from the core's answer; the list in force is another one when all parts are here.

    Whether more is to be asked for at once.
    """
    told = piece(ksr.text(f"$hdr({AGENTS})"))
    if told is None or told.number >= told.of:
        return False
    before = held(ksr.text("$shv(agents_held)"))
    if told.number not in (0, before.parts) or (told.number and told.version != before.version):
        return False
    coming = ksr.text("$shv(agents_coming)") + told.text if told.number else told.text
    last = told.number + 1 == told.of
    if not _kept("agents" if last else "agents_coming", coming):
        return False
    _kept("agents_held", str(Held(told.version, told.number + 1)))
    if last:
        _kept("agents_version", told.version)
        _kept("agents_coming", "")
    return not last


def _kept(name: str, text: str) -> bool:
    """Seen by all workers; shared memory may be used up."""
    return bool(KSR.pv.sets(f"$shv({name})", text) > 0)


def agents_version() -> str:
    """Which list of blocked user agents is in force; "" before the SBC has heard a whole one."""
    told = ksr.text("$shv(agents_version)")
    return "" if told == UNTOLD else told


def agents_told() -> str:
    """Which user agents the core blocks, in its own word, as the SBC heard it last."""
    return ksr.text("$shv(agents)")


def answer_nothing(*, also_when_the_core_is_gone: bool) -> None:
    """The SBC passes the request on and says nothing by itself: no 100, and if so wanted no 503 either."""
    KSR.pv.seti("$var(silent)", 2 if also_when_the_core_is_gone else 1)


def has_no_media_outside() -> bool:
    """Whether the SBC itself refused what was sent to its client, for its own relay is gone. In a failure route the
    answer that won says so; one that a client gave names the client, and its 503 was made a 500 on the way."""
    return (
        ksr.number("$T_rpl($rs)") == 503
        and ksr.number("$T_rpl($Rp)") == ports.LINK_TO_CORE
        and not ksr.text("$T_rpl($hdr(X-Ringfence-Client))")
    )
