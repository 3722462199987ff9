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
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ringfence.engines.certificates import brought
from ringfence.engines.certificates.brought import CertificateRefused
from ringfence.engines.certificates.certificate import renewed_pair
from ringfence.engines.certificates.challenges import FOLDER, OPEN_SECONDS, SHUT_AGAIN_SECONDS, Challenge, challenges_of
from ringfence.engines.certificates.pairs import Origin, drop_pair, make_current, store_pair
from ringfence.engines.changing.questions import Answer, Args, Desk, Listener, Refusal, text_of
from ringfence.engines.files import web_file
from ringfence.engines.free_ports import taken, web_endpoint
from ringfence.engines.install import EngineRefused, install
from ringfence.engines.listeners import SWITCHES, WebAccess, read_web_access, write_web_access
from ringfence.engines.system import System, this_system
from ringfence.engines.webworkers import takes_connections, workers_of
from ringfence.hosts import ports
from ringfence.hosts.paths import Paths

SERVED_WITHIN: Final = 4.0
RELEASED_WITHIN: Final = 2.0
"""nginx itself may hold a port for a moment that was closed just now."""

RENEWAL_EVERY: Final = 5.0
"""Seconds between two looks whether our own certificate is about to end; the clock may have been set meanwhile."""

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
        self._challenges: tuple[Challenge, ...] = ()
        self._closes_at = 0.0
        self._looks_again_at = 0.0

    def verbs(self) -> dict[str, Callable[[Args], Answer]]:
        return {
            "web.show": self.show,
            "web.listen": self.listen,
            "web.certificate": self.certificate,
            "web.challenges": self.answer_challenges,
        }

    def show(self, _: Args) -> Answer:
        """What is in force now."""
        paths, now = self._system.paths, datetime.now(UTC)
        access = read_web_access(paths)
        chain = x509.load_pem_x509_certificates(paths.web_certificate.read_bytes())
        switches = {name: getattr(access, name) for name in (*SWITCHES, "hsts")}
        return {**switches, "low_ports": self._system.low_ports, "certificate": brought.described(chain, now)}

    def listen(self, args: Args) -> Answer:
        """Opens and closes ports. Switches that are not named stay as they are."""
        now = self._access()
        wanted = replace(
            now,
            redirect_80=_switch(args, "redirect_80", now.redirect_80),
            redirect_443=_switch(args, "redirect_443", now.redirect_443),
            provisioning_http=_switch(args, "provisioning_http", now.provisioning_http),
            sbc_provisioning_http=_switch(args, "sbc_provisioning_http", now.sbc_provisioning_http),
        )
        if wanted.sbc_provisioning_http and not self._system.sbc.has_link:
            raise Refusal(
                "web.no_sbc", "sbc_provisioning_http", "There is no SBC; switch it on first: ringfence sbc on"
            )
        self._refuse_low_ports(wanted)
        self._refuse_taken(set(self._ports(wanted)) - set(self._ports(now)))
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
        self._serve(folder, hsts=brought.is_trusted(pair.chain, now))
        return self.show({})

    def renew_own(self) -> None:
        """Puts another certificate of ours in force where the old one is about to end."""
        if time.monotonic() < self._looks_again_at:
            return
        self._looks_again_at = time.monotonic() + RENEWAL_EVERY
        try:
            folder = renewed_pair(self._system.paths, self._system.network.own, datetime.now(UTC))
            if folder is not None:
                self._serve(folder, hsts=False)
                log.warning("the certificate of our own was about to end or not valid; %s is served now", folder.name)
        except (OSError, ValueError, Refusal) as error:
            log.error("our own certificate cannot be renewed: %s", error)

    def _serve(self, folder: Path, *, hsts: bool) -> None:
        """Raises Refusal; the old one stays then."""
        try:
            self._put_in_force(replace(self._access(), pair=folder.name, hsts=hsts))
        except Refusal:
            drop_pair(self._system.paths, folder)
            raise
        make_current(self._system.paths, folder)

    def answer_challenges(self, args: Args) -> Answer:
        """Answers these challenges on port 80 (and 8888 where that is open) and no others; none closes the door."""
        now, wanted = self._access(), challenges_of(args.get("challenges", {}))
        access = replace(now, challenges=wanted)
        self._refuse_low_ports(access)
        self._refuse_taken(set(self._ports(access)) - set(self._ports(now)))
        self._put_in_force(access)
        self._challenges, self._closes_at = wanted, time.monotonic() + OPEN_SECONDS
        return {"challenges": [challenge.token for challenge in wanted]}

    def close_overdue(self) -> None:
        """Closes the door for challenges if nobody did in time; once more later if that is not taken."""
        if not self._challenges or time.monotonic() <= self._closes_at:
            return
        log.warning("nobody closed the door for challenges")
        if self._shut():
            self._challenges = ()
        else:
            self._closes_at = time.monotonic() + SHUT_AGAIN_SECONDS

    def close_left_open(self) -> None:
        """Takes away what a process before this one could not."""
        file = self._system.paths.nginx_config
        if file.is_file() and FOLDER in file.read_text(encoding="utf-8"):
            self._shut()

    def _shut(self) -> bool:
        try:
            self._put_in_force(read_web_access(self._system.paths))
        except Refusal as refused:
            log.error("%s", refused)
            return False
        return True

    def _access(self) -> WebAccess:
        return replace(read_web_access(self._system.paths), challenges=self._challenges)

    def _ports(self, access: WebAccess) -> tuple[int, ...]:
        return access.ports_beside(self._system.sbc)

    def _refuse_low_ports(self, wanted: WebAccess) -> None:
        low = [port for port in wanted.ports if port < 1024]
        if low and not self._system.low_ports:
            name = "redirect_80" if ports.HTTP in low else "redirect_443"
            message = f"This machine does not let Ringfence listen on port {low[0]} (CAP_NET_BIND_SERVICE is missing)."
            raise Refusal("web.low_ports", name, message)

    def _refuse_taken(self, new: set[int]) -> None:
        wanted, until = [web_endpoint(port) for port in sorted(new)], time.monotonic() + RELEASED_WITHIN
        while taken(wanted) and time.monotonic() < until:
            time.sleep(POLL)
        for held in taken(wanted):
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
            install([file], lambda: self._reload(fingerprint, wanted) if file.is_in_force() else self._signal())
        except EngineRefused as refused:
            log.error("%s", refused)
            raise Refusal(
                "web.refused", "", f"The web server did not take it; nothing was changed. {refused}"
            ) from refused
        write_web_access(system.paths.web_access, wanted)
        log.info("in force: %s", {**asdict(wanted), "challenges": len(wanted.challenges)})

    def _reload(self, fingerprint: str, wanted: WebAccess) -> str:
        """Asks nginx to read its file anew and looks whether it does; a complaint if not in time."""
        former = workers_of(self._system.paths)
        self._signal()
        until = time.monotonic() + SERVED_WITHIN
        while (complaint := _not_served(fingerprint, wanted, self._ports(wanted))) and time.monotonic() < until:
            time.sleep(POLL)
        if not complaint:
            _await_leaving(former)
        return complaint

    def _signal(self) -> str:
        have_nginx_read(self._system.paths)
        return ""


def _await_leaving(former: frozenset[int]) -> None:
    """The old workers take connections beside the new ones until they have read that they are to go. Nothing is taken
    back if they are slow: who asks now is answered as before, for a moment longer.
    """
    until = time.monotonic() + SERVED_WITHIN
    while (left := {worker for worker in former if takes_connections(worker)}) and time.monotonic() < until:
        time.sleep(POLL)
    if left:
        log.warning("nginx has not ended its old workers yet: %s", sorted(left))


def have_nginx_read(paths: Paths) -> None:
    """Its file anew; connections stay."""
    try:
        os.kill(int((paths.nginx / "nginx.pid").read_text(encoding="ascii")), signal.SIGHUP)
    except (OSError, ValueError) as error:
        log.warning("nginx does not run, it will start with the new file: %s", error)


def _not_served(fingerprint: str, wanted: WebAccess, listening: Iterable[int]) -> str:
    served = _served_fingerprint(ports.WEB_PORTAL.first)
    if served != fingerprint:
        return "the old certificate is still served" if served else "nothing answers on the portal's port"
    if closed := [port for port in listening if not _is_open(port)]:
        return f"nothing listens on port {closed[0]}"
    silent = [challenge for challenge in wanted.challenges if not challenge.is_answered]
    return "a challenge is not answered on port 80" if silent else ""


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


class WebListener(Listener):
    """Looks after its web server between two questions, twice a second."""

    desk: WebServer

    def service_actions(self) -> None:
        self.desk.close_overdue()
        self.desk.renew_own()


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    system = this_system()
    server = WebServer(system)
    server.close_left_open()
    with WebListener(system.paths.web_access_socket, server) as listener:
        listener.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
