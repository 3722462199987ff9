"""Which terms hold for the media of a party: those of its extension, its tenant, or its trunk."""

from ringfence.policy.book import Subscriber
from ringfence.policy.relay.encryption import NO_ENCRYPTION, Encryption, Terms
from ringfence.signaling import memory
from ringfence.signaling.ports import branch_port, ksr
from ringfence.signaling.relay import media
from ringfence.signaling.worker import Worker


def of_subscriber(subscriber: Subscriber, worker: Worker) -> Terms:
    """Raises KeyError if its tenant is unknown: then nothing is sent."""
    return worker.tenant(subscriber.domain).terms.of_extension(subscriber.calling.encryption)


def of_branch(worker: Worker) -> Terms:
    """Those of whoever's device this branch goes to. The voice process speaks over loopback and encrypts nothing.

    When several ring at once, whose device it is decides; where that cannot be told, nobody's terms are broken.
    """
    if ksr.text("$du") == media.VOICE_HOP:
        return NO_ENCRYPTION
    aors = called()
    if len(aors) > 1 and (owner := branch_port.device_rung_by(aors)):
        aors = [owner]
    found = [worker.view.subscriber(aor) for aor in aors]
    return _strictest([of_subscriber(one, worker) for one in found if one is not None])


def called() -> list[str]:
    """The extensions that ring, and the one that picks the call up."""
    rung = ksr.dialog_var("rung") or ksr.dialog_var("to")
    return [aor for aor in (*rung.split(","), *memory.pickers()) if aor]


def _strictest(found: list[Terms]) -> Terms:
    if not found:
        return Terms(Encryption.REQUIRED, strong=True)
    required = any(one.encryption is Encryption.REQUIRED for one in found)
    encryption = Encryption.REQUIRED if required else found[0].encryption
    return Terms(encryption, any(one.strong for one in found))
