"""The typed port to Kamailio. Every call that can fail answers a bool here, and only `> 0` is yes.

Kamailio 6.0 returns False instead of raising when a call is wrong; False is not > 0, so a mistake refuses.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import KSR

from ringfence.hosts import ports
from ringfence.policy.rules.packet import SANITY_CHECKS, SANITY_URIS
from ringfence.signaling.ports import encoding_port

type Fact = Callable[[], str]

REGISTER_TABLE = "location"
MOST_AGENTS = 8
CLIENT_PARAMETER = ";client="
HEADER_COUNTS = (
    "$hdrc(Via)", "$hdrc(From)", "$hdrc(To)", "$hdrc(Call-ID)", "$hdrc(CSeq)", "$hdrc(Content-Length)",
    "$hdrc(Max-Forwards)", "$hdrc(Authorization)", "$hdrc(Proxy-Authorization)",
)  # fmt: skip


def text(name: str) -> str:
    """A pseudo-variable as text, "" when it is unset. Bytes that are not UTF-8 are shown as U+FFFD: no request has any
    that is judged (`readable`), but an answer of an old phone may, and Kamailio passes it on as it is.
    """
    try:
        value: Any = KSR.pv.get(name)
    except UnicodeDecodeError as error:
        return error.object.decode(errors="replace")
    return "" if value is None else str(value)


def number(name: str) -> int:
    """A pseudo-variable as a number, 0 when it is unset or none."""
    value: Any = KSR.pv.get(name)
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdigit() else 0


def readable() -> bool:
    """Whether the message is UTF-8 (RFC 3261 section 7) and holds no NUL, at which half of all parsers stop reading."""
    try:
        return "\0" not in KSR.kx.get_msgbuf()
    except UnicodeDecodeError:
        return False


# Each of these is Kamailio's own function, not a wrapper: a frame of Python for each fact would double its cost.
# They answer text for every message that passed `sane`.
method: Fact = KSR.kx.get_method
source: Fact = KSR.kx.get_srcip
user_agent: Fact = KSR.kx.gete_ua
target_uri: Fact = KSR.kx.get_ruri
target_user: Fact = KSR.kx.gete_ruser
target_host: Fact = KSR.kx.gete_rhost
from_uri: Fact = KSR.kx.get_furi
from_user: Fact = KSR.kx.gete_fuser
from_host: Fact = KSR.kx.gete_fhost
to_uri: Fact = KSR.kx.get_turi
to_user: Fact = KSR.kx.gete_tuser
to_host: Fact = KSR.kx.gete_thost
claimed_user: Fact = KSR.kx.gete_au
"""The user name of the credentials, "" when there are none."""
message_length: Callable[[], int] = KSR.kx.get_msglen
source_port: Callable[[], int] = KSR.kx.get_srcport


def transport() -> str:
    """The transport the message came by, in lower case; over the link, the one the SBC's client speaks."""
    protocol: str = KSR.kx.get_proto()
    return client().partition("/")[2] if protocol == "tls" and over_link() else protocol


def over_link() -> bool:
    """Whether the SBC sent this: nobody else has a certificate for that port."""
    return number("$Rp") == ports.LINK_TO_CORE and _text(KSR.kx.get_proto()) == "tls"


def client() -> str:
    """The client of the SBC that sent this, as `address:port/transport`. Only true of what came over the link."""
    return text("$hdr(X-Ringfence-Client)")


def call_id() -> str:
    return encoding_port.shown(KSR.kx.get_callid)


def sequence_number() -> int:
    return number("$cs")


def header_counts() -> tuple[int, ...]:
    """How often each header of HEADER_COUNTS stands in the message."""
    return tuple(map(KSR.pv.get, HEADER_COUNTS))


def user_agents() -> tuple[str, ...]:
    """What each User-Agent header says, the first ones of very many; nearly always there is one."""
    count = min(number("$hdrc(User-Agent)"), MOST_AGENTS)
    return (user_agent(), *(text(f"$(hdr(User-Agent)[{place}])") for place in range(1, count)))


def event() -> str:
    """What a NOTIFY is about (RFC 6665), without parameters; "" unless that is said once."""
    return text("$hdr(Event)").partition(";")[0].strip().lower() if number("$hdrc(Event)") == 1 else ""


def contact_count() -> int:
    return number("$hdrc(Contact)")


def sane() -> bool:
    """Kamailio's own sanity checks."""
    return _yes(KSR.sanity.sanity_check(SANITY_CHECKS, SANITY_URIS))


def reply_insane() -> None:
    """On a stream, what follows an unframed message is no request: the connection is closed (RFC 3261 section 18.3)."""
    KSR.sanity.sanity_reply()
    close_stream()


def close_stream() -> None:
    """Ends the connection this message came over, if it came over one."""
    if KSR.kx.get_proto() != "udp":
        KSR.tcpops.tcp_close_connection()


def reply(code: int, reason: str) -> None:
    KSR.sl.send_reply(code, reason)


def reply_header(line: str) -> None:
    KSR.hdr.append_to_reply(line + "\r\n")


def retransmission() -> bool:
    return _yes(KSR.tmx.t_precheck_trans()) and _yes(KSR.tm.t_check_trans())


def known_transaction() -> bool:
    return _yes(KSR.tm.t_check_trans())


def new_transaction() -> bool:
    return _yes(KSR.tm.t_newtran())


def hops_left() -> bool:
    return _yes(KSR.maxfwd.process_maxfwd(16))


def use_source_port() -> None:
    KSR.force_rport()


def remember_source() -> None:
    """Bindings are reached at the address they came from, whatever the Contact says."""
    KSR.nathelper.fix_nated_register()


def save_contacts(aor: str) -> bool:
    """Stores the bindings without answering yet (flag 2). The To header may name the domain by our address."""
    return _yes(KSR.registrar.save_uri(REGISTER_TABLE, 2, f"sip:{aor}"))


def reply_saved() -> None:
    KSR.registrar.reg_send_reply()


def fetch_bindings(aor: str) -> bool:
    return _yes(KSR.registrar.reg_fetch_contacts(REGISTER_TABLE, f"sip:{aor}", "saved"))


def binding(index: int) -> tuple[Any, ...]:
    """Contact, expiry (Unix time), address it really came from, our socket and the Path to it, of a fetched binding."""
    return tuple(map(KSR.pv.get, _binding_names(index)))


@cache
def _binding_names(index: int) -> tuple[str, ...]:
    return tuple(
        f"$(ulc(saved=>{attribute})[{index}])" for attribute in ("addr", "expires", "received", "socket", "path")
    )


def free_bindings() -> None:
    KSR.registrar.reg_free_contacts("saved")


def find_contacts(aor: str) -> bool:
    """Makes the devices of an address of record the targets of this request."""
    KSR.pv.sets("$ru", f"sip:{aor}")
    return _yes(KSR.registrar.lookup(REGISTER_TABLE))


def find_contacts_of(aors: Iterable[str]) -> bool:
    """Makes the devices of all these the targets of this request, to ring at once. Whether there is any."""
    found = False
    for aor in aors:
        if found:
            KSR.registrar.lookup_to_dset(REGISTER_TABLE, f"sip:{aor}")
        else:
            found = find_contacts(aor)
    return found


def set_target(uri: str) -> None:
    """Another Request-URI."""
    KSR.pv.sets("$ru", uri)


def set_next_hop(uri: str) -> None:
    """Where this request goes; a client of the SBC is named to it."""
    KSR.setdsturi(uri)
    if found := uri.partition(CLIENT_PARAMETER)[2]:
        append_header(f"X-Ringfence-Client: {found}")


def record_route() -> None:
    KSR.rr.record_route()


def loose_route() -> bool:
    return _yes(KSR.rr.loose_route())


def track_dialog() -> bool:
    return _yes(KSR.dialog.dlg_manage())


def dialog_known() -> bool:
    return _yes(KSR.dialog.is_known_dlg())


def find_dialog() -> bool:
    """Makes the dialog of this message, whichever side it goes to, the one that is asked and told."""
    return select_dialog(call_id(), text("$ft"), text("$tt"))


def select_dialog(name: str, one_tag: str, other_tag: str) -> bool:
    """The same for the dialog with this Call-ID and these tags, in either order."""
    return _yes(KSR.dialog.dlg_get(name, one_tag, other_tag)) or _yes(KSR.dialog.dlg_get(name, other_tag, one_tag))


def dialog_var(name: str) -> str:
    return text(f"$dlg_var({name})")


def set_dialog_var(name: str, value: str) -> None:
    KSR.pv.sets(f"$dlg_var({name})", value)


def note(name: str, value: str) -> None:
    """Keeps a value with the transaction, for its branches and its next steps; `value` may be ""."""
    KSR.pv.sets(f"$avp({name})", value)


def noted(name: str) -> str:
    return text(f"$avp({name})")


def end_call_after(seconds: int) -> None:
    """The dialog made next ends after this time; the BYEs are ours (docs/adr/0055)."""
    KSR.pv.seti("$avp(longest_call)", seconds)


def relay() -> bool:
    return _yes(KSR.tm.t_relay())


def on_reply(callback: str) -> bool:
    return _yes(KSR.tm.t_on_reply(callback))


def on_failure(callback: str) -> bool:
    return _yes(KSR.tm.t_on_failure(callback))


def ring_for(seconds: int) -> None:
    """How long the devices may ring before the call is taken for unanswered."""
    KSR.tm.t_set_fr_inv(1000 * seconds)


def on_branch(name: str) -> bool:
    """A route of the script for each device the call is sent to."""
    return _yes(KSR.tm.t_on_branch(name))


def cancelled() -> bool:
    """Whether the caller gave up the call of this failure route."""
    return _yes(KSR.tm.t_is_canceled())


def any_reply() -> bool:
    """Whether any device of this call answered anything at all."""
    return _yes(KSR.tm.t_any_replied())


def redirections() -> str:
    """All Contacts of the reply that won, as they came."""
    return text("$T_rpl($(hdr(Contact)[*]))")


def asked(header: str) -> str:
    """A header of the request that the reply at hand answers, as it came."""
    return text(f"$T_req($hdr({header}))")


def every(header: str) -> str:
    """All values of a header of the message at hand, with commas between."""
    return text(f"$(hdr({header})[*])")


def every_asked(header: str) -> str:
    """The same of the request that the reply at hand answers, as it came."""
    return text(f"$T_req($(hdr({header})[*]))")


def is_ours(uri: str) -> bool:
    """Whether a URI names a socket of ours."""
    return _yes(KSR.is_myself(uri))


def add_to_tag(tag: str) -> None:
    """Our tag in To: the answer copies it, so we know it. Only for a request without a transaction."""
    KSR.textops.remove_hf("To")
    append_header(f"To: <{to_uri()}>;tag={tag}")
    KSR.textopsx.msg_apply_changes()


def final_reply(code: int, reason: str) -> None:
    KSR.tm.t_reply(code, reason)


def media_offer(flags: str) -> bool:
    return _yes(KSR.rtpengine.rtpengine_offer(flags))


def media_answer(flags: str) -> bool:
    return _yes(KSR.rtpengine.rtpengine_answer(flags))


def body() -> str:
    return text("$rb")


def has_body() -> bool:
    return _yes(KSR.textops.has_body())


def has_sdp() -> bool:
    return _yes(KSR.textops.has_body_type("application/sdp"))


def remove_body() -> None:
    """`set_body` takes no empty one: it leaves everything as it is, and says so to nobody."""
    KSR.textopsx.remove_body()
    KSR.textops.remove_hf("Content-Type")


def remove_headers(pattern: str) -> None:
    """All whose names fit. Kamailio compiles the pattern each time, which costs more than the rest of a message."""
    KSR.textops.remove_hf_re(pattern)


def remove_named(names: Iterable[str]) -> None:
    """All headers of these names, in whatever case."""
    for name in names:
        KSR.textops.remove_hf(name)


def remove_first(name: str, count: int) -> None:
    """So many headers of this name, from the first one on."""
    for index in range(count):
        KSR.textops.remove_hf_idx(name, index)


def append_header(line: str) -> None:
    KSR.hdr.append(line + "\r\n")


def log_error(line: str) -> None:
    KSR.err(line + "\n")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _yes(result: Any) -> bool:
    return result is True or (result.__class__ is int and result > 0)
