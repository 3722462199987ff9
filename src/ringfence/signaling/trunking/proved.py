"""Connections to providers over TLS that showed the provider's own certificate (reference: "Trunk Security").

The engine checks who signed a certificate, not for whom. So nothing but an OPTIONS or a REGISTER without credentials
opens a connection; its answer shows the certificate, and calls and passwords take only a connection that was proved.
"""

from typing import Final

from ringfence.policy.model import Refuse
from ringfence.policy.trunking.servernames import expected_names, objection_to_server
from ringfence.policy.trunking.trunks import Peer, Trunk, TrunkTransport
from ringfence.policy.trunking.ways import decode_ways
from ringfence.signaling.ports import ksr, trunk_port
from ringfence.signaling.worker import Worker

KEPT_AT_LEAST: Final = 60
"""Seconds a proved connection stays open without a message; longer where keep-alives are rarer."""

UNPROVED: Final = Refuse("trunk.unproved", 503, "Service Unavailable")


def is_wanted(trunk: Trunk) -> bool:
    """Whether calls over this trunk need a proof of who is there."""
    return trunk.transport is TrunkTransport.TLS


def objection(trunk: Trunk, address: str) -> str:
    """What is wrong with the certificate of whoever sent the answer at hand; "" for a proof, which is kept."""
    peer = _peer(trunk, address)
    if peer is None:
        return "an address of this trunk no more"
    if not trunk_port.peer_is_verified():
        return "the certificate is of no authority that is trusted here"
    if found := objection_to_server(trunk_port.peer_certificate(), trunk, peer):
        return found
    connection = trunk_port.connection()
    trunk_port.keep_connection(connection, max(KEPT_AT_LEAST, 2 * trunk.keepalive + 10))
    trunk_port.note_proved(_proof(trunk, peer), connection)
    return ""


def is_open(trunk: Trunk, address: str) -> bool:
    """Whether there is a proved connection to this address now."""
    return _connection(trunk, address) > 0


def take(trunk: Trunk, address: str) -> bool:
    """Sends the request at hand over the proved connection and no other one; False: there is none."""
    connection = _connection(trunk, address)
    return connection > 0 and trunk_port.only_over(connection)


def objection_in_dialog(worker: Worker) -> Refuse | None:
    """To a new offer, which may hold keys, for a provider whose proved connection is gone. A BYE passes without one."""
    index, found = worker.view.current(), decode_ways(ksr.dialog_var("way"))
    trunk = index.trunks.by_id.get(found[0].trunk_id) if index and found else None
    if trunk is None or not is_wanted(trunk) or not found[0].address or not ksr.has_body():
        return None
    return None if take(trunk, found[0].address) else UNPROVED


def _connection(trunk: Trunk, address: str) -> int:
    peer = _peer(trunk, address)
    connection = trunk_port.proved_connection(_proof(trunk, peer)) if peer else 0
    return connection if connection and trunk_port.is_alive(connection) else 0


def _peer(trunk: Trunk, address: str) -> Peer | None:
    return next((peer for peer in trunk.peers if peer.hostport == address), None)


def _proof(trunk: Trunk, peer: Peer) -> str:
    """What was proved, names included: a trunk whose host is changed has to be proved anew."""
    return " ".join(("proved", str(trunk.id), peer.hostport, *expected_names(trunk, peer)))
