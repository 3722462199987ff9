"""Accepts a watch: the answer here, every NOTIFY from the guard, which knows all calls (docs/adr/0015)."""

import os
import time
from typing import Final

from ringfence.policy.book import Subscriber
from ringfence.policy.events import Kind
from ringfence.policy.model import Watch
from ringfence.signaling import facts
from ringfence.signaling.ports import ksr
from ringfence.signaling.worker import Worker

LONGEST_URI: Final = 255


def accept(verdict: Watch, watcher: Subscriber, worker: Worker) -> None:
    """Answers 200 and tells the guard. Refreshed or new makes no difference: every SUBSCRIBE proves its sender."""
    device = ksr.text("$(ct{nameaddr.uri})")
    if not device.startswith("sip:") or len(device) > LONGEST_URI or not device.isprintable():
        ksr.reply(400, "Bad Request")
        return
    own_tag = ksr.text("$tt")
    if not own_tag:
        own_tag = os.urandom(8).hex()
        ksr.add_to_tag(own_tag)
    ksr.reply_header(f"Expires: {verdict.seconds}")
    ksr.reply_header(f"Contact: <sip:{verdict.aor}>")
    if not ksr.over_link():
        ksr.reply_header(f"Record-Route: <{facts.here()};lr>")
    ksr.reply(200, "OK")
    worker.journal.append(
        Kind.WATCH_SAVED,
        {
            "watched": verdict.aor,
            "watcher": watcher.aor,
            "event": verdict.event,
            "expires_at": time.time() + verdict.seconds if verdict.seconds else 0,
            "sip_call_id": ksr.call_id(),
            "watcher_tag": ksr.text("$ft"),
            "own_tag": own_tag,
            "device": device,
            "hop": facts.party(),
            "tenant_id": watcher.tenant_id,
        },
    )
