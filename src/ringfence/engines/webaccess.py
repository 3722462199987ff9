"""Changes what nginx listens on and its certificate while it runs: stage, check, reload without dropping anybody, look
whether it is really served, back again if not.

Runs as nginx's own account: it can do nothing that nginx could not. The portal asks over a Unix socket, one JSON line
out, one back, as it asks the guard. What was last put in force is in `state/web/access.json` and `state/tls/current`.
"""

import hashlib
import logging
import os
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ringfence.engines import brought
from ringfence.engines.brought import CertificateRefused
from ringfence.engines.files import web_file
from ringfence.engines.free_ports import taken, web_endpoint
from ringfence.engines.install import EngineRefused, install
from ringfence.engines.listeners import SWITCHES, WebAccess, read_web_access, write_web_access
from ringfence.engines.pairs import Origin, drop_pair, make_current, store_pair
from ringfence.engines.questions import Answer, Args, Desk, Listener, Refusal, text_of
from ringfence.engines.system import System, this_system
from ringfence.hosts import ports

SERVED_WITHIN: Final = 4.0
POLL: Final = 0.05
FIELDS: Final = {
    ports.HTTP: "redirect_80",
    ports.HTTPS: "redirect_443",
    ports.PROVISIONING.first: "provisioning_http",
    ports.SBC_PROVISIONING.first: "sbc_provisioning_http",
}
"""Which switch opens a port."""

log = logging.getLogger("access")


class WebServer(Desk):
    """Answers for one web server. Questions come one after the other."""

    def __init__(self, system: System) -> None:
        self._system = system

    def verbs(self) -> dict[str, Callable[[Args], Answer]]:
        return {"web.show": self.show, "web.listen": self.listen, "web.certificate": self.certificate}

    def show(self, _: Args) -> Answer:
        """What is in force now."""
        paths, now = self._system.paths, datetime.now(UTC)
        access = read_web_access(paths)
        chain = x509.load_pem_x509_certificates(paths.web_certificate.read_bytes())
        switches = {name: getattr(access, name) for name in (*SWITCHES, "hsts")}
        return {**switches, "low_ports": self._system.low_ports, "certificate": brought.described(chain, now)}

    def listen(self, args: Args) -> Answer:
        """Opens and closes ports. Switches that are not named stay as they are."""
        now = read_web_access(self._system.paths)
        wanted = replace(
            now,
            redirect_80=_switch(args, "redirect_80", now.redirect_80),
            redirect_443=_switch(args, "redirect_443", now.redirect_443),
            provisioning_http=_switch(args, "provisioning_http", now.provisioning_http),
            sbc_provisioning_http=_switch(args, "sbc_provisioning_http", now.sbc_provisioning_http),
        )
        if wanted.sbc_provisioning_http and not self._system.sbc.enabled:
            raise Refusal(
                "web.no_sbc", "sbc_provisioning_http", "There is no SBC; switch it on first: ringfence sbc on"
            )
        self._refuse_low_ports(wanted)
        self._refuse_taken(set(wanted.ports) - set(now.ports))
        self._put_in_force(wanted)
        return self.show({})

    def certificate(self, args: Args) -> Answer:
        """Puts a certificate in force; the old one stays if anything is wrong with it."""
        paths, now = self._system.paths, datetime.now(UTC)
        try:
            pair = brought.checked(text_of(args, "chain"), text_of(args, "key"), text_of(args, "host"), now)
        except CertificateRefused as refused:
            raise Refusal(refused.rule, refused.field, refused.message) from refused
        folder = store_pair(paths, Origin.BROUGHT, pair.chain_pem, pair.key_pem)
        try:
            self._put_in_force(
                replace(read_web_access(paths), pair=folder.name, hsts=brought.is_trusted(pair.chain, now))
            )
        except Refusal:
            drop_pair(paths, folder)
            raise
        make_current(paths, folder)
        return self.show({})

    def _refuse_low_ports(self, wanted: WebAccess) -> None:
        low = [port for port in wanted.ports if port < 1024]
        if low and not self._system.low_ports:
            name = "redirect_80" if ports.HTTP in low else "redirect_443"
            message = f"This machine does not let Ringfence listen on port {low[0]} (CAP_NET_BIND_SERVICE is missing)."
            raise Refusal("web.low_ports", name, message)

    def _refuse_taken(self, new: set[int]) -> None:
        for held in taken(map(web_endpoint, sorted(new))):
            name = FIELDS[held.port]
            raise Refusal(
                "web.port_taken",
                name,
                f"Another program listens on port {held.port}; `ss -tlnp` names it. Stop it first.",
            )

    def _put_in_force(self, wanted: WebAccess) -> None:
        system = replace(self._system, web=wanted)
        fingerprint = _fingerprint_of(system.paths.tls / wanted.pair / "web.crt")
        file = web_file(system, account="")
        try:
            install([file], lambda: self._reload(fingerprint, wanted.ports) if file.is_in_force() else self._signal())
        except EngineRefused as refused:
            log.error("%s", refused)
            raise Refusal(
                "web.refused", "", f"The web server did not take it; nothing was changed. {refused}"
            ) from refused
        write_web_access(system.paths.web_access, wanted)
        log.info("in force: %s", asdict(wanted))

    def _reload(self, fingerprint: str, open_ports: tuple[int, ...]) -> str:
        """Asks nginx to read its file anew and looks whether it does; a complaint if not in time."""
        self._signal()
        until = time.monotonic() + SERVED_WITHIN
        while (complaint := _not_served(fingerprint, open_ports)) and time.monotonic() < until:
            time.sleep(POLL)
        return complaint

    def _signal(self) -> str:
        try:
            os.kill(int((self._system.paths.nginx / "nginx.pid").read_text(encoding="ascii")), signal.SIGHUP)
        except (OSError, ValueError) as error:
            log.warning("nginx does not run, it will start with the new file: %s", error)
        return ""


def _not_served(fingerprint: str, open_ports: tuple[int, ...]) -> str:
    served = _served_fingerprint(ports.WEB_PORTAL.first)
    if served != fingerprint:
        return "the old certificate is still served" if served else "nothing answers on the portal's port"
    closed = [port for port in open_ports if not _is_open(port)]
    return f"nothing listens on port {closed[0]}" if closed else ""


def _served_fingerprint(port: int) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as plain, context.wrap_socket(plain) as link:
            return hashlib.sha256(link.getpeercert(binary_form=True) or b"").hexdigest()
    except OSError:
        return ""


def _is_open(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 2):
            return True
    except OSError:
        return False


def _fingerprint_of(certificate: Path) -> str:
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    return hashlib.sha256(found.public_bytes(serialization.Encoding.DER)).hexdigest()


def _switch(args: Args, name: str, present: bool) -> bool:
    value = args.get(name, present)
    if not isinstance(value, bool):
        raise Refusal("web.switch", name, f"{name} must be true or false.")
    return value


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    system = this_system()
    with Listener(system.paths.web_access_socket, WebServer(system)) as listener:
        listener.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
