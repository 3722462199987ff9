"""Whether the SBC asks phones for certificates of their own (docs/adr/0064). Another choice starts the SBC anew, so
that no connection lives on under the former one; calls go on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ringfence.engines.certificates.sipcertificates import Reload, copy_to_front, install_certificates
from ringfence.engines.certificates.sippairs import read_authorities
from ringfence.engines.changing.questions import Answer, Args, Refusal, text_of
from ringfence.engines.changing.takingover import begin_sbc_anew
from ringfence.engines.edge.sbcfront import asked_of_clients, write_clients
from ringfence.engines.install import EngineRefused
from ringfence.engines.system import System
from ringfence.hosts.transports import ClientCertificates

FIELD: Final = "clients"


@dataclass(frozen=True, slots=True)
class SbcClients:
    """Answers for it."""

    system: System
    reload: Reload

    def verbs(self) -> Mapping[str, Callable[[Args], Answer]]:
        return {"sbc.show": self.show, "sbc.ask": self.ask}

    def show(self, _: Args) -> Answer:
        """What is asked of clients of the SBC."""
        return {FIELD: str(asked_of_clients(self.system.paths.sbc_clients))}

    def ask(self, args: Args) -> Answer:
        """Refused without an SBC, and while nobody is known to sign certificates of phones."""
        system, paths = self.system, self.system.paths
        before, wanted = asked_of_clients(paths.sbc_clients), _wanted(args)
        if not system.sbc.has_link:
            raise Refusal("sbc.none", FIELD, "There is no SBC; switch it on first: ringfence sbc on")
        if wanted is not ClientCertificates.NONE and read_authorities(paths.sip_certificates) is None:
            raise Refusal("sbc.no_authority", FIELD, "No authority for certificates of phones is known yet.")
        if wanted is before:
            return self.show({})
        write_clients(paths.sbc_clients, wanted)
        try:
            install_certificates(system, self.reload)
        except EngineRefused as refused:
            write_clients(paths.sbc_clients, before)
            copy_to_front(system)
            message = f"The SBC did not take it; nothing was changed. {refused}"
            raise Refusal("sbc.refused", FIELD, message) from refused
        if system.sbc.enabled:
            begin_sbc_anew(system)
        return self.show({})


def _wanted(args: Args) -> ClientCertificates:
    try:
        return ClientCertificates(text_of(args, FIELD))
    except ValueError as error:
        raise Refusal("sbc.clients", FIELD, "Certificates of phones: none, optional or required.") from error
