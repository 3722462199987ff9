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
from ringfence.journal.returning import Returning, write_returning
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

_PUBLISH = """
import sys
from pathlib import Path
from ringfence.policy.book import Book, Role, Subscriber, Tenant
from ringfence.store.writer import PolicyWriter
people = [Subscriber(f"{n}@acme.example", 1, n, "User", True, "Ann", "a" * 32, "b" * 64) for n in range(1000, 1500)]
PolicyWriter(Path(sys.argv[1])).publish(
    Book(tenants=(Tenant(1, "Acme", "acme.example"),), roles=(Role("User", True, True, False),)), people
)
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


def _phone(number: int) -> Returning:
    """One that was registered when the core ended."""
    own, contact = f"sip:{number}@acme.example", f"<sip:{number}@198.51.100.7:5060>"
    where = ("198.51.100.7", "5060", "192.0.2.1", "5060")
    left = -5 if number == 1007 else 300
    asked = ("sip:acme.example", "acme.example", own, own, "Phone/1.0", contact, "600")
    return Returning(int(time.time()) + left, (*where, *asked))


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
        paths.core.mkdir()
        _publish(paths)
        _bans(paths, "remove")
        fake.answers |= {"htable.sht_setxs": 1, "htable.sht_rm": 1, "err": None}
        write_returning(paths.returning, map(_phone, range(1000, 1500)))
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


def test_phones_that_were_registered_are_expected_under_the_policy_in_force(kept: Kept) -> None:
    """ADR 21: a few at a time, so that the script hears in between what is in force; none that ended meanwhile."""
    kept.prompter.round()
    assert len(kept.kamailio.arguments_of("htable.sht_setxs")) == 199
    kept.rounds(lambda: len(kept.kamailio.arguments_of("htable.sht_setxs")) == 499)
    table, key, grant, seconds = kept.kamailio.arguments_of("htable.sht_setxs")[0]
    commit, _ = kept.said()
    assert (table, key.split("|")[0], grant) == ("phones", str(commit), f"{'a' * 32}|600|1|1000|Ann")
    assert 295 < seconds <= 300


def test_a_list_that_cannot_be_read_keeps_nobody_from_being_prompted(kept: Kept) -> None:
    kept.paths.returning.write_bytes(b"\xff" * 100_000)
    kept.prompter.round()
    kept.prompter.round()
    assert kept.said()[0] > 0
    assert kept.kamailio.arguments_of("htable.sht_setxs") == []
