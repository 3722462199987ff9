"""Part: ten thousand contacts, and the shared memory they take."""

from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.measures.contact_memory import per_contact
from bench.stage import EXTENSIONS, PHONES, Result, Stage, installed, phone_book
from bench.systems.ringfence import ringfence

_WARM_UP_PHONES: Final = 100


def run(stage: Stage) -> Result:
    ready = installed(stage, EXTENSIONS)
    with ringfence(stage.net, ready):
        kib = per_contact(
            stage.net,
            ready.paths.core_control,
            phone_book(stage, EXTENSIONS - 1, _WARM_UP_PHONES),
            phone_book(stage, EXTENSIONS),
            stage.folder,
            PHONES,
        )
    return Result(
        (Verdict(goals.CONTACT_MEMORY, kib),), f"  {kib * 1024:.0f} bytes for each of {PHONES:,} contacts", kib
    )
