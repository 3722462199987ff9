"""The prompter: the script repeats only under the policy in force, and what it repeats is written down (ADR 21)."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.hosts.paths import Paths
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

_PUBLISH = """
import sys
from pathlib import Path
from ringfence.policy.book import Book
from ringfence.store.writer import PolicyWriter
PolicyWriter(Path(sys.argv[1])).publish(Book())
"""
_BANS = """
import sys
from pathlib import Path
from ringfence.store.bans import BanWriter, since_boot
writer = BanWriter(Path(sys.argv[1]))
if sys.argv[2] == "slow":
    writer.slow("198.51.100.7", ["101@acme.example"], since_boot() + 600)
else:
    writer.remove("198.51.100.7")
"""


class Kept:
    """A prompter on a fake Kamailio."""

    def __init__(self, kamailio: Kamailio, prompter: Any, paths: Paths) -> None:
        self.kamailio, self.prompter, self.paths = kamailio, prompter, paths

    def said(self) -> tuple[int, int]:
        """Commit and end of the lease, as last told to the script."""
        told = dict(self.kamailio.arguments_of("pv.seti"))
        return told["$shv(policy)"], told["$shv(until)"]

    def rounds(self, until: Any) -> None:
        """Rounds go on until the script was told so: how soon the kernel tells is its own affair."""
        for _ in range(200):
            self.prompter.round()
            if until():
                return
        raise AssertionError(self.said())


def _publish(paths: Paths) -> None:
    subprocess.run([sys.executable, "-c", _PUBLISH, str(paths.policy)], check=True, timeout=30)


def _bans(paths: Paths, verb: str) -> None:
    subprocess.run([sys.executable, "-c", _BANS, str(paths.bans), verb], check=True, timeout=30)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    (tmp_path / "journal").mkdir()
    with pytest.MonkeyPatch.context() as patch, loaded() as fake:
        patch.setenv("RINGFENCE_STATE_DIR", str(tmp_path))
        patch.setenv("RINGFENCE_RUN_DIR", str(tmp_path))
        from ringfence.signaling.prompter import Prompter
        from ringfence.signaling.worker import Worker

        fake.answers = {"pv.seti": 1, "mqueue.mq_fetch": -1}
        paths = Paths.from_environment()
        _publish(paths)
        _bans(paths, "remove")
        worker = Worker(paths)
        prompter = Prompter(paths, worker)
        yield Kept(fake, prompter, paths)
        prompter.close()
        worker.journal.close()


def test_a_change_of_the_policy_ends_the_repeating_under_the_old_one(kept: Kept) -> None:
    kept.prompter.round()
    first, until = kept.said()
    assert first > 0
    assert 0 < until - time.time() <= 2
    _publish(kept.paths)
    kept.kamailio.calls.clear()
    kept.rounds(lambda: kept.said()[0] > first)
    spoken = [value for name, value in kept.kamailio.arguments_of("pv.seti") if name == "$shv(policy)"]
    assert spoken[spoken.index(0) :][0] == 0  # closed as soon as something was written
    assert first not in spoken[spoken.index(0) :]


def test_nothing_is_repeated_while_kamailio_itself_must_refuse_somebody(kept: Kept) -> None:
    """Bans without nftables and slowed pairs: only Python knows whom (case: ban store of Kamailio)."""
    kept.prompter.round()
    _bans(kept.paths, "slow")
    kept.rounds(lambda: kept.said()[0] == 0)
    kept.prompter.round()
    assert kept.said()[0] == 0
    _bans(kept.paths, "remove")
    kept.rounds(lambda: kept.said()[0] > 0)


def test_renewals_are_written_down_together(kept: Kept) -> None:
    told = [f"{number}@acme.example|1000|600|<sip:{number}@198.51.100.7>" for number in range(450)]
    waiting = list(told)

    def fetch(_: str) -> int:
        return 1 if waiting else -1

    kept.kamailio.answers |= {"mqueue.mq_fetch": fetch, "pv.get": lambda _: waiting.pop(0)}
    kept.prompter.round()
    lines = [json.loads(line) for path in kept.paths.journal.glob("events-*") for line in path.read_text().splitlines()]
    assert [len(line["renewals"]) for line in lines] == [200, 200, 50]
    assert [one for line in lines for one in line["renewals"]] == told
    assert {line["kind"] for line in lines} == {"registration.renewed"}
