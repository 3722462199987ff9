"""The part of the typed port to Kamailio that only the SBC's link uses."""

import os

import KSR

from ringfence.hosts import ports
from ringfence.signaling import ksr

UNTOLD = "none"
"""What `agents` is at the start of an SBC (`sbc.cfg`)."""

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


def agents_told() -> str:
    """Which user agents the core blocks, in its own word, as the SBC heard it last; "" before it heard anything."""
    told = ksr.text("$shv(agents)")
    return "" if told == UNTOLD else told


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
