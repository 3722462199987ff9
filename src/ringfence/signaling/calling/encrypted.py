"""Extensions of a tenant with TLS only are called where they registered over an encrypted transport, and nowhere else.

A binding that was made before the tenant was switched to TLS only lives on for up to ten minutes; it is passed over.
"""

from collections.abc import Iterable

from ringfence.policy.rules.registration import MAX_CONTACTS
from ringfence.policy.trunking.next_hop import is_encrypted
from ringfence.signaling.ports import ksr
from ringfence.signaling.relay import media
from ringfence.signaling.worker import Worker


def find_contacts_of(aors: Iterable[str], worker: Worker) -> bool:
    """Makes the devices of all these the targets of this request, if there is one that may be called."""
    return ksr.find_contacts_of([aor for aor in aors if _may_be_called(aor, worker)])


def may_be_sent(worker: Worker) -> bool:
    """Whether this branch of a call goes where its tenant allows; the voice process is spoken to over loopback."""
    hop = ksr.text("$du") or ksr.target_uri()
    called = ksr.dialog_var("rung") or ksr.dialog_var("to")
    return hop == media.VOICE_HOP or not _is_tls_only(called.partition(",")[0], worker) or is_encrypted(hop)


def _may_be_called(aor: str, worker: Worker) -> bool:
    if not _is_tls_only(aor, worker):
        return True
    if not ksr.fetch_bindings(aor):
        return False
    bindings = [ksr.binding(index) for index in range(min(ksr.number("$(ulc(saved=>count))"), MAX_CONTACTS))]
    ksr.free_bindings()
    return any(is_encrypted(str(path or received or uri)) for uri, _, received, _, path in bindings)


def _is_tls_only(aor: str, worker: Worker) -> bool:
    index = worker.view.current()
    return index is None or aor.rpartition("@")[2].lower() in index.tls_only
