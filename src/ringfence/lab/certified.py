"""A phone that shows a certificate of its own, and what a server shows to whoever asks for a name."""

import ssl
from pathlib import Path
from typing import Final

from cryptography import x509

from ringfence.lab.network import Host
from ringfence.lab.sip import Account
from ringfence.lab.softphone import NoAnswer, Softphone, Transport, unchecked_tls

SHUT_OUT: Final = (NoAnswer, OSError)
"""With TLS 1.3 a phone learns that its certificate was refused when it reads."""


class Certified(Softphone):
    """A phone that shows this pair, or none, and asks for this name, or none."""

    def __init__(
        self, host: Host, server: tuple[str, int], account: Account, pair: Path | None = None, name: str = ""
    ) -> None:
        context = unchecked_tls()
        if pair is not None:
            context.load_cert_chain(pair)
        try:
            super().__init__(host, server, account, Transport.TCP)
            wrapped = context.wrap_socket(self.sock, server_hostname=name or None)
        except OSError:
            self.sock.close()
            raise
        self.transport, self.sock = Transport.TLS, wrapped


def register_with(
    host: Host, server: tuple[str, int], account: Account, pair: Path | None = None, name: str = ""
) -> int:
    """What a registration is answered; 0 for whoever is shut out before."""
    try:
        with Certified(host, server, account, pair, name) as phone:
            return phone.register().status
    except SHUT_OUT:
        return 0


def shown(host: Host, server: tuple[str, int], name: str) -> x509.Certificate:
    """The certificate for whoever asks for this name."""
    with asked(host, server, name) as link:
        return x509.load_der_x509_certificate(link.getpeercert(binary_form=True) or b"")


def asked(host: Host, server: tuple[str, int], name: str) -> ssl.SSLSocket:
    """A connection that asked for this name."""
    plain = host.tcp()
    plain.settimeout(4)
    plain.connect(server)
    return unchecked_tls().wrap_socket(plain, server_hostname=name or None)
