"""The part of the typed port to Kamailio that only trunks use. As in `ksr`, only `> 0` is yes."""

from collections.abc import Mapping
from itertools import takewhile

import KSR

from ringfence.signaling.ports import ksr
from ringfence.signaling.ports.ksr import _text, _yes, text

TRUNKS_TABLE = "trunks"
OUTSIDE_TABLE = "outside"
MOST_BINDINGS = 5
MADE_HERE = 2
MOST_CHALLENGES = 5


def set_target_user(user: str) -> bool:
    KSR.pv.sets("$rU", user)
    return True


def challenges_of_reply(code: int) -> tuple[str, ...]:
    """Each header with which the reply of this failure route asks for credentials."""
    name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
    found = (text(f"$T_rpl($(hdr({name})[{place}]))") for place in range(MOST_CHALLENGES))
    return tuple(takewhile(bool, found))


def trunk_state(trunk_id: int, address: str) -> str:
    """What all workers know of one address of a trunk; "" for nothing yet."""
    return _text(KSR.htable.sht_get(TRUNKS_TABLE, f"{trunk_id} {address}"))


def set_trunk_state(trunk_id: int, address: str, state: str) -> None:
    KSR.htable.sht_sets(TRUNKS_TABLE, f"{trunk_id} {address}", state)


def trunk_registration(trunk_id: int) -> str:
    """How the registration at a provider stands, as `keeping` wrote it."""
    return _text(KSR.htable.sht_get(TRUNKS_TABLE, f"registration {trunk_id}"))


def set_trunk_registration(trunk_id: int, state: str) -> None:
    KSR.htable.sht_sets(TRUNKS_TABLE, f"registration {trunk_id}", state)


def send_request(values: Mapping[str, str]) -> bool:
    """Sends a request of our own; its reply comes to the route `uac:reply`. The names are those of `$uac_req`."""
    for name in ("method", "ruri", "turi", "furi", "ouri", "hdrs", "evparam", "sock", "callid"):
        KSR.pv.sets(f"$uac_req({name})", values.get(name, ""))
    KSR.pv.seti("$uac_req(evroute)", 1)
    return _yes(KSR.uac.uac_req_send())


def nobody_answered() -> bool:
    """Whether the engine itself made the answer at hand to a request of our own (uac: `$uac_req(evtype)`)."""
    return ksr.number("$uac_req(evtype)") == MADE_HERE


def registered_at(aor: str) -> tuple[str, ...]:
    """The addresses that the devices of an address of record really registered from."""
    if not ksr.fetch_bindings(aor):
        return ()
    found = tuple(str(ksr.binding(index)[2]) for index in range(min(ksr.number("$(ulc(saved=>count))"), MOST_BINDINGS)))
    ksr.free_bindings()
    return tuple(_host_of(uri) for uri in found)


def _host_of(uri: str) -> str:
    host = uri.partition(ksr.CLIENT_PARAMETER)[2] or uri.partition(":")[2]
    return host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0].partition(";")[0]


def show_caller_as(display_name: str, uri: str) -> None:
    KSR.uac.uac_replace_from(f'"{display_name}"', uri)


def show_parties(caller: str, callee: str) -> None:
    """Other URIs in From and To, and no display name."""
    KSR.uac.uac_replace_from("", caller)
    KSR.uac.uac_replace_to("", callee)
    KSR.tm.t_use_uac_headers()  # a CANCEL names them as its INVITE did; else it would name the callee as the phone did
    KSR.tm.t_set_no_e2e_cancel_reason(1)  # nor does it carry what the phone says of why it gives up


def set_target(uri: str) -> None:
    KSR.pv.sets("$ru", uri)


def note_outside(address: str) -> None:
    """From now on this address sees nothing of the inside in what is sent to it."""
    KSR.htable.sht_sets(OUTSIDE_TABLE, address.strip("[]"), "1")


# --- connections over TLS


def peer_is_verified() -> bool:
    """Whether the message at hand came over TLS from somebody whose certificate a trusted authority signed."""
    return _yes(KSR.tls.is_peer_verified())


def peer_certificate() -> str:
    """That certificate as PEM; "" when there is none."""
    return text("$tls_peer_raw_cert")


def connection() -> int:
    """The number of the connection that the message at hand came over; none has it a second time."""
    return ksr.number("$conid")


def is_alive(connection: int) -> bool:
    return _yes(KSR.tcpops.tcp_conid_alive(connection))


def keep_connection(connection: int, seconds: int) -> None:
    KSR.tcpops.tcp_set_connection_lifetime_cid(connection, seconds)


def only_over(connection: int) -> bool:
    """The request at hand goes over this connection, and opens none."""
    KSR.set_forward_no_connect()
    return _yes(KSR.tcpops.tcp_set_otcpid(connection)) and _yes(KSR.tcpops.tcp_set_otcpid_flag(1))


def proved_connection(proof: str) -> int:
    """The connection that this was proved on last; 0 for none."""
    return int(_text(KSR.htable.sht_get(TRUNKS_TABLE, proof)) or 0)


def note_proved(proof: str, connection: int) -> None:
    KSR.htable.sht_sets(TRUNKS_TABLE, proof, str(connection))
