"""Changes the core's transports while it runs: stage, check, swap, restart the core, look whether it listens, back
again if not. A certificate that was changed is taken over without a restart.

Kamailio binds its sockets once, so another transport is another process; its calls and registrations are given to it
at its start (docs/adr/0005), and media goes on meanwhile. Runs as the core's own account.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from ringfence.engines.capture import follow_capture
from ringfence.engines.certificates.pairs import in_force
from ringfence.engines.certificates.sipcertificates import INSTALLING, SipCertificates, install_certificates
from ringfence.engines.certificates.sippairs import read_authorities
from ringfence.engines.changing.network import NetworkDesk, around_now, wish_for_relay
from ringfence.engines.changing.questions import Answer, Args, Desk, Listener, Refusal
from ringfence.engines.changing.takingover import take_over
from ringfence.engines.edge.sbcclients import SbcClients
from ringfence.engines.files import core_file, media_file, tls_file
from ringfence.engines.free_ports import Endpoint, taken
from ringfence.engines.install import EngineRefused, install
from ringfence.engines.supervision.corestart import restart_core
from ringfence.engines.system import System, this_system
from ringfence.hosts.paths import Paths
from ringfence.hosts.sip_links import links_of, refuse_unheard
from ringfence.hosts.transports import (
    CHANGED_MEANWHILE,
    ClientCertificates,
    SipTransport,
    TransportRefused,
    checked,
    from_plain,
    plain,
    read_transports,
    write_transports,
)
from ringfence.hosts.voice_network import read_voice_network

CERTIFICATE_POLL: Final = 1.0

log = logging.getLogger("transports")


class Transports(Desk):
    """Answers for the core's transports, and for the voice network, which the same process puts in force."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._network = NetworkDesk(system)

    def verbs(self) -> Mapping[str, Callable[[Args], Answer]]:
        certificates = SipCertificates(self._system, take_over)
        shown = {"transports.show": self.show, "transports.change": self.change}
        outside = SbcClients(self._system, take_over)
        return {**shown, **certificates.verbs(), **outside.verbs(), **self._network.verbs()}

    def show(self, _: Args) -> Answer:
        """What is in force now, where each is heard, and the links of this machine that can be named."""
        system = self._now(read_transports(self._system.paths.transports))
        heard = system.link_addresses
        told = [(one, heard.get(one.link, ()) if one.link else system.reached_addresses) for one in system.transports]
        return {
            "transports": [{**plain(one), "addresses": [str(place) for place in places]} for one, places in told],
            "links": [
                {"name": one.name, "addresses": [str(place) for place in one.addresses]}
                for one in system.network.bindable
                if not set(one.addresses).intersection(system.reached_addresses)
            ],
        }

    def change(self, args: Args) -> Answer:
        """Puts a whole set in force; the old one stays if anything is wrong with it, or if it is not `instead_of`."""
        before = read_transports(self._system.paths.transports)
        if "instead_of" in args and _set(args["instead_of"]) != before:
            raise Refusal(CHANGED_MEANWHILE, "", "Somebody else has changed the transports meanwhile.")
        wanted = _wanted(args)
        asking = any(one.clients is not ClientCertificates.NONE for one in wanted)
        if asking and read_authorities(self._system.paths.sip_certificates) is None:
            raise Refusal("transport.no_authority", "clients", "No authority for certificates of phones is known yet.")
        if wanted != before:
            system = self._now(wanted)
            new = _new(before, system.core_transports)
            _refuse_unheard(self._now(before), new)
            _refuse_taken(system, new)
            self._put_in_force(before, system)
        return self.show({})

    def _now(self, transports: tuple[SipTransport, ...]) -> System:
        """This system with these transports, and its links as they are now."""
        network = replace(around_now(), primary=self._system.network.primary)
        voice = read_voice_network(self._system.paths.voice_network)
        return replace(self._system, transports=transports, voice=voice, network=network)

    def _put_in_force(self, before: tuple[SipTransport, ...], system: System) -> None:
        """The relay is told of links that are new. One that nobody uses any more it leaves at its next start: nothing
        is sent there, and nobody's sound ends for it."""
        paths, wanted = self._system.paths, system.transports
        write_transports(paths.transports, wanted)
        file, grows = core_file(system, account=""), bool({*links_of(wanted)} - {*links_of(before)})
        try:
            install([media_file(system, account="")], lambda: wish_for_relay(paths) if grows else "")
            files = [tls_file(system, account=""), file]
            with INSTALLING:
                install(files, lambda: restart_core(paths, wanted if file.is_in_force() else before))
        except EngineRefused as refused:
            write_transports(paths.transports, before)
            log.error("%s", refused)
            raise Refusal(
                "transport.refused", "", f"The core did not take it; nothing was changed. {refused}"
            ) from refused
        log.info("in force: %s", ", ".join(one.name for one in wanted))


def _new(before: tuple[SipTransport, ...], wanted: tuple[SipTransport, ...]) -> list[SipTransport]:
    held = {(one.protocol.carrier, one.port, one.link) for one in before}
    return [one for one in wanted if (one.protocol.carrier, one.port, one.link) not in held]


def _refuse_unheard(before: System, new: list[SipTransport]) -> None:
    try:
        refuse_unheard(new, before.link_addresses, before.sip_addresses, before.network)
    except TransportRefused as refused:
        raise Refusal(refused.rule, refused.field, str(refused)) from refused


def _refuse_taken(system: System, new: list[SipTransport]) -> None:
    for one in new:
        for place in taken(Endpoint(address, one.port, one.protocol.carrier) for address in system.heard_at(one)):
            message = f"Another program listens on port {place.port}; `ss -tulnp` names it. Stop it first."
            raise Refusal("transport.taken", "port", message)


def _wanted(args: Args) -> tuple[SipTransport, ...]:
    return _set(args["transports"])


def _set(items: Iterable[Mapping[str, Any]]) -> tuple[SipTransport, ...]:
    try:
        return checked(map(from_plain, items))
    except TransportRefused as refused:
        raise Refusal(refused.rule, refused.field, str(refused)) from refused


def follow_certificate(system: System) -> None:
    """Has the core read its certificate again whenever another one is put in force, or other authorities of providers;
    connections stay."""
    seen = _followed(system.paths)
    while True:
        time.sleep(CERTIFICATE_POLL)
        now = _followed(system.paths)
        if now != seen and taken_anew(system):
            log.info("the certificate %s is served", now[0])
            seen = now


def _followed(paths: Paths) -> tuple[object, ...]:
    try:
        found = paths.authorities.lstat()
    except OSError:
        return (in_force(paths),)
    return in_force(paths), found.st_ino, found.st_mtime_ns


def taken_anew(system: System) -> bool:
    """Whether the engines read everything again; the text of their files may be the same."""
    try:
        return install_certificates(system, take_over) or take_over(system)
    except (EngineRefused, OSError) as error:
        log.error("%s", error)
        return False


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    system = this_system()
    threading.Thread(target=follow_certificate, args=(system,), daemon=True).start()
    threading.Thread(target=follow_capture, args=(system.paths.voice_network,), daemon=True).start()
    with Listener(system.paths.transports_socket, Transports(system)) as listener:
        listener.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
