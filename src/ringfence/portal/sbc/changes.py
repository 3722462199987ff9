"""What can be done to the SBC from the portal: whether it asks phones for certificates of their own."""

from django.db import transaction

from ringfence.engines.edge.sbcfront import asked_of_clients
from ringfence.hosts.transports import ClientCertificates
from ringfence.portal import places, processes
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.permissions import Permission
from ringfence.portal.phonecertificates import authority
from ringfence.portal.transports.changes import PATIENCE, TransportsSilent


def ask(actor: Actor, clients: ClientCertificates) -> None:
    """The SBC is started anew, its calls go on. Raises Refused or TransportsSilent; nothing is changed then."""
    require(actor, Permission.WEB_WRITE)
    before = asked_of_clients(places.PATHS.sbc_clients)
    if clients is not ClientCertificates.NONE:
        with transaction.atomic():
            authority.put_in_force()
    silent = TransportsSilent(
        detail="The process that holds the certificates of SIP does not answer; nothing was changed. It is restarted "
        "by itself; see: ringfence logs transports"
    )
    processes.ask(places.PATHS.transports_socket, silent, "sbc.ask", PATIENCE, clients=str(clients))
    if clients is not before:
        with change(actor) as draft:
            draft.record("sbc.changed", "", "SBC", {"clients": str(before)}, {"clients": str(clients)})
