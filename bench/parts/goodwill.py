"""Part: good registrations with every protection on, and how many of their senders were banned or were let down.

Ten thousand phones at 500 addresses, twenty behind each, register again and again; each is challenged and answers.
"""

from typing import Any, Final

from bench import goals
from bench.goals import Verdict
from bench.load.phones import register
from bench.stage import EXTENSIONS, Result, Stage, installed, phone_book
from bench.systems.ringfence import ringfence
from ringfence.guardlink import ask

RATE: Final = 1500
BATCH: Final = 100_000
"""SIPp runs anew after so many, from other ports: phones do restart."""

FIRST_PORT: Final = 5060


def run(stage: Stage) -> Result:
    ready = installed(stage, EXTENSIONS)
    book = phone_book(stage, EXTENSIONS)
    done = failed = 0
    with ringfence(stage.net, ready):
        while done + failed < stage.registrations:
            count = min(BATCH, stage.registrations - done - failed)
            port = FIRST_PORT + (done + failed) // BATCH
            outcome = register(stage.net, book, stage.folder, rate=RATE, count=count, port=port)
            if not outcome.done:
                break
            done, failed = done + outcome.done, failed + outcome.failed
        bans = _bans(ready.paths.guard_socket)
    text = f"  {done:,} good registrations at {RATE:,}/s, {failed:,} without an answer, {len(bans)} bans"
    is_whole = done >= 0.99 * stage.registrations
    verdict = Verdict(goals.GOODWILL, float(len(bans)) if is_whole else None, f"of {done:,}, {failed:,} unanswered")
    return Result((verdict,), text, {"done": done, "failed": failed, "bans": bans})


def _bans(socket: Any) -> list[dict[str, Any]]:
    """Every ban there ever was, lifted ones too."""
    found: list[dict[str, Any]] = ask(socket, "events.since", timeout=30, cursor=0, kinds=["ban.added"])["events"]
    return found
