"""The SBC's side of an enrolment: makes its key, shows the invitation, and takes the certificate that the core's host
signed. The key never leaves this host.
"""

import hashlib
import hmac
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any, Final

from ringfence.engines.edge.link import Shown
from ringfence.engines.edge.linkauthority import fingerprint, new_key, pem_of_key, request_for
from ringfence.farsbc.invitation import Invitation, told_in
from ringfence.hosts import ports

SECONDS: Final = 10.0
LONGEST: Final = 16_384


class JoinRefused(Exception):
    """Why this host is not the core's SBC now."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Both addresses of the link as this host sees them, and what it shows on it."""

    core: str
    here: str
    shown: Shown


def join(host: str, invitation: Invitation) -> Joined:
    """Raises JoinRefused, OSError when the core's host does not answer."""
    key = new_key()
    with (
        socket.create_connection((host, ports.LINK_TO_CORE), SECONDS) as plain,
        _tls().wrap_socket(plain) as link,
    ):
        shown = link.getpeercert(binary_form=True) or b""
        if not hmac.compare_digest(hashlib.sha256(shown).hexdigest(), invitation.core):
            raise JoinRefused(f"{host} is not the core that invited: it shows another certificate")
        core, here = str(link.getpeername()[0]), str(link.getsockname()[0])
        asked = {"secret": invitation.secret, "core": core, "here": here, "request": request_for(key).decode()}
        link.sendall(json.dumps(asked).encode() + b"\n")
        answer = _answer(link)
    try:
        authority, certificate = str(answer["authority"]).encode(), str(answer["certificate"]).encode()
        fingerprint(authority), fingerprint(certificate)
    except (KeyError, ValueError) as error:
        raise JoinRefused(str(answer.get("refused", "the core's host did not answer as it should"))) from error
    return Joined(core, here, Shown(authority, certificate, pem_of_key(key)))


def _tls() -> ssl.SSLContext:
    """No authority is asked: the invitation says which certificate it must be."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _answer(link: ssl.SSLSocket) -> dict[str, Any]:
    with link.makefile("rb") as stream:
        return told_in(stream.readline(LONGEST))
