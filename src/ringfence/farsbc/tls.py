"""What both ends of the way of bans show each other: the certificates of the link."""

import ssl
from typing import Final

from ringfence.engines.edge.link import Side

HANDSHAKE_SECONDS: Final = 5.0


def server_context(side: Side) -> ssl.SSLContext:
    """Nobody is heard whose certificate the link's authority did not sign."""
    return _with(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), side)


def client_context(side: Side) -> ssl.SSLContext:
    """The authority signed for two ends of one link: whoever has such a certificate is the other one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    return _with(context, side)


def _with(context: ssl.SSLContext, side: Side) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(side.authority)
    context.load_cert_chain(side.certificate, side.key)
    return context
