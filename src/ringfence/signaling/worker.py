"""What one Kamailio worker holds: its view of the policy, its journal, its tally of noise.

Built on the first message, so after the fork.
"""

import gc
import itertools
import os
import time
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ringfence.hosts.paths import Paths
from ringfence.hosts.transports import ClientCertificates, read_transports
from ringfence.journal.writer import JournalWriter
from ringfence.policy.book import Tenant
from ringfence.policy.events import Kind
from ringfence.signaling.familiar import Familiar
from ringfence.signaling.features.voiceline import VoiceLine
from ringfence.signaling.noise import Noise
from ringfence.signaling.ports import ksr
from ringfence.signaling.store import PolicyView
from ringfence.signaling.tallies import Tallies
from ringfence.signaling.trunking.plans import Plans
from ringfence.store.bans import BanReader, since_boot
from ringfence.store.blocks import BlockReader
from ringfence.store.relayroom import RelayRoomReader
from ringfence.store.suspensions import SuspensionReader

REPORTS_PER_MINUTE: Final = 10


@dataclass(slots=True)
class _Reports:
    """Keeps an error that repeats with each message from filling the disk."""

    window: float = 0.0
    count: int = 0

    def allowed(self, now: float) -> bool:
        if now - self.window >= 60:
            self.window, self.count = now, 0
        self.count += 1
        return self.count <= REPORTS_PER_MINUTE


class Worker:
    """The context of one process."""

    def __init__(self, paths: Paths) -> None:
        self.journal = JournalWriter(paths.journal, paths.doorbell)
        self.voice = VoiceLine(paths.voice_socket)
        self.view = PolicyView(paths.policy, self.policy_broken)
        self.plans = Plans(self.view, self.policy_broken)
        self.familiar = Familiar()
        self.bans = BanReader(paths.bans)
        self.suspensions = SuspensionReader(paths.suspensions)
        self.relays = RelayRoomReader(paths.suspensions)
        self.impatient_until = 0.0
        self.unattached: tuple[str, ...] = ()
        self.blocks = BlockReader(paths.blocks)
        self.noise = Noise(self._write_noise)
        self.tallies = Tallies(self.journal.tell)
        transports = read_transports(paths.transports)
        self.contact_ports = {(one.link, str(one.protocol)): one.port for one in reversed(transports)}
        """Where others call us, by the link and the word of RFC 3261: the first port of each kind."""
        asking = [one for one in transports if one.clients is not ClientCertificates.NONE]
        required = ClientCertificates.REQUIRED
        self.certificate_ports = {(one.link, one.port): one.clients is required for one in asking}
        """Where phones show a certificate, and whether they must; another setting is another process."""
        self._reports = _Reports()
        self._calls = itertools.count(1)
        self._name = f"{os.getpid():x}-{time.time_ns():x}"

    def drops(self, source: str, now: float) -> bool:
        """Whether nothing from this source is answered: the kernel could not take its ban, or the block entry."""
        return self.bans.is_banned(source, since_boot()) or self.blocks.blocks(source, now)

    def new_call_id(self) -> str:
        """Our own name of a call: unlike the Call-ID it is unique and not chosen by the caller."""
        return f"{self._name}-{next(self._calls)}"

    def tenant(self, domain: str) -> Tenant:
        """The tenant of this domain. Raises KeyError if there is none: then nothing is sent."""
        index = self.view.current()
        return (index.tenants if index else {})[domain.lower()]

    def refused(self, rule: str) -> None:
        """Counts a refused or dropped request."""
        self.noise.add(rule, ksr.source(), ksr.user_agent(), time.monotonic())

    def noise_only(self, rule: str) -> None:
        """Counts a message that cannot even be read."""
        self.noise.add(rule, ksr.source(), "", time.monotonic())

    def policy_broken(self, message: str) -> None:
        self.report(Kind.POLICY_BROKEN, {"error": message})

    def exception(self, where: str, error: str) -> None:
        self.report(Kind.ENGINE_EXCEPTION, {"where": where, "error": error})

    def report(self, kind: Kind, fields: dict[str, Any]) -> None:
        if self._reports.allowed(time.monotonic()):
            self.journal.append(kind, fields)
            ksr.log_error(f"ringfence {kind}: {fields}")

    def _write_noise(self, fields: dict[str, Any]) -> None:
        self.journal.append(Kind.REQUEST_REFUSED, fields)


@cache
def this_worker() -> Worker:
    """The context of this process; the first call makes it."""
    worker = Worker(Paths.from_environment())
    worker.journal.append(Kind.ENGINE_STARTED, {"pid": os.getpid()})
    gc.collect()
    gc.freeze()  # memory shared with the other workers stays shared
    return worker
