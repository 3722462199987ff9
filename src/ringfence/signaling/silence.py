"""Who gets no answer, whatever else is wrong with the message (reference: "User-Agent Blacklist").

The gates see what is sane and outside a dialog; a scanner's broken message, CANCEL or made-up dialog is refused before
them, and each such answer tells it that something lives here.
"""

from typing import Final

from ringfence.signaling import facts
from ringfence.signaling.ports import ksr
from ringfence.signaling.worker import Worker

BLOCKED_AGENT: Final = "source.user_agent"


def is_kept(worker: Worker) -> bool:
    """Whether the message names a blocked user agent. Then it is counted, and must not be answered."""
    index = worker.view.current()
    if index is None or facts.from_voice() or not index.agents.block_any(ksr.user_agents()):
        return False
    count(worker)
    return True


def count(worker: Worker) -> None:
    worker.refused(BLOCKED_AGENT)
    worker.tallies.dropped_agent()
