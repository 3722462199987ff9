"""Sources with an accepted registration: who is in the kernel's set, for how long, and what it costs."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from ringfence.guard.clock import Moment
from ringfence.guard.kernel.firewall import DryRun
from ringfence.guard.kernel.shape import Timed
from ringfence.guard.ledger import Ledger
from ringfence.guard.live.registrations import MANY, Registrations
from ringfence.guard.offenders.known import KNOWN_SECONDS, PROOF_SECONDS, RENEW_AFTER, Known
from ringfence.journal.reader import Checkpoint
from ringfence.policy.addresses import key_network

from .workshop import registration

OFFICE = "198.51.100.7"
NOW = Moment(1_000_000.0, 5_000.0)


def later(seconds: float) -> Moment:
    return Moment(NOW.wall + seconds, NOW.boot + seconds)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


class Counting(DryRun):
    """Counts how often the kernel was asked."""

    changes = 0

    def know(self, sources: object) -> bool:
        self.changes += 1
        return super().know(sources)  # type: ignore[arg-type]


def test_a_registration_makes_its_source_known_for_a_day(ledger: Ledger) -> None:
    kernel = DryRun()
    known = Known(kernel, ledger)
    known.accept([OFFICE, "2001:db8::5"], NOW)
    assert kernel.known == {key_network(OFFICE): KNOWN_SECONDS, key_network("2001:db8::/64"): KNOWN_SECONDS}
    known.expire(later(KNOWN_SECONDS - 1))
    assert OFFICE in known
    known.expire(later(KNOWN_SECONDS))
    assert OFFICE not in known


def test_refreshing_phones_cost_one_change_an_hour(ledger: Ledger) -> None:
    kernel = Counting()
    known = Known(kernel, ledger)
    for second in range(0, int(RENEW_AFTER), 60):
        known.accept([OFFICE], later(second))
    assert kernel.changes == 1
    known.accept([OFFICE], later(RENEW_AFTER + 1))
    assert kernel.changes == 2


def test_the_longest_silent_source_goes_first(ledger: Ledger) -> None:
    kernel = DryRun()
    known = Known(kernel, ledger, most=2)
    for number in range(3):
        known.accept([f"198.51.100.{number}"], later(number))
    assert [str(network.network_address) for network in kernel.known] == ["198.51.100.1", "198.51.100.2"]
    ledger.commit(Checkpoint())
    assert [key for key, _ in ledger.known_sources(NOW.wall)] == ["198.51.100.1", "198.51.100.2"]


def test_a_restart_forgets_nobody_and_gives_nobody_more_time(ledger: Ledger) -> None:
    Known(DryRun(), ledger).accept([OFFICE], NOW)
    ledger.commit(Checkpoint())
    again = Known(DryRun(), ledger)
    again.restore(ledger.known_sources(NOW.wall + 600), later(600))
    assert [(element.network, element.seconds) for element in again.elements(later(600))] == [
        (key_network(OFFICE), KNOWN_SECONDS - 600)
    ]
    assert ledger.known_sources(NOW.wall + KNOWN_SECONDS) == []


def test_a_clock_that_was_set_back_gives_at_most_a_day(ledger: Ledger) -> None:
    known = Known(DryRun(), ledger)
    known.restore([(OFFICE, NOW.wall + 10 * KNOWN_SECONDS)], NOW)
    assert known.elements(NOW)[0].seconds == KNOWN_SECONDS


def test_a_proof_is_fresh_for_a_few_minutes(ledger: Ledger) -> None:
    known = Known(DryRun(), ledger)
    known.prove(OFFICE, NOW)
    assert known.proved_lately(OFFICE, later(PROOF_SECONDS - 1))
    assert not known.proved_lately(OFFICE, later(PROOF_SECONDS))
    assert not known.proved_lately("192.0.2.1", NOW)


def test_what_is_no_address_makes_nobody_known(ledger: Ledger) -> None:
    known = Known(DryRun(), ledger)
    known.accept(["", "x:y"], NOW)
    assert len(known) == 0


def test_whom_another_host_speaks_of_is_known_and_has_proved_nothing(ledger: Ledger) -> None:
    """A flood in the name of a phone at the SBC's host must not count as one whose sender we reached (ADR 71)."""
    firewall = Counting()
    known = Known(firewall, ledger)
    for _ in range(3):
        known.hear_of([OFFICE, "nonsense", OFFICE], NOW)
    assert OFFICE in known and not known.proved_lately(OFFICE, NOW)
    assert (len(known), firewall.changes) == (1, 1)
    known.hear_of([OFFICE], later(RENEW_AFTER + 1))
    assert firewall.changes == 2


class Sorting(DryRun):
    """Remembers from whom many speak."""

    def __init__(self) -> None:
        super().__init__()
        self.many: set[str] = set()

    def know(self, sources: Iterable[Timed]) -> bool:
        found = list(sources)
        self.many |= {str(source.network.network_address) for source in found if source.many}
        return super().know(found)


def test_an_office_is_told_from_a_phone_as_soon_as_its_phones_are_there(ledger: Ledger) -> None:
    """Attack case 43: it may send more, also after a restart and while its registrations are renewed."""
    kernel, standing = Sorting(), Registrations()
    known = Known(kernel, ledger, are_many_at=standing.are_many_at)
    for number in range(MANY):
        assert kernel.many == set()
        line = registration(f"{number}@acme.example", OFFICE)
        assert standing.saved_line(line)
        standing.saved_line(registration("200@acme.example", "192.0.2.1"))
        known.accept(standing.heard(), later(number))
    assert kernel.many == {OFFICE}
    assert {str(one.network): one.many for one in known.elements(later(9))} == {
        f"{OFFICE}/32": True,
        "192.0.2.1/32": False,
    }
    again = Known(kernel, ledger, are_many_at=standing.are_many_at)
    again.accept([OFFICE], later(10))
    assert again.elements(later(10))[0].many
    known.expire(later(2 * KNOWN_SECONDS))
    assert known._many == set()


def test_a_gateway_speaks_for_many(ledger: Ledger) -> None:
    standing = Registrations()
    standing.saved_line(registration("gateway@acme.example", OFFICE, user_id=0))
    assert standing.are_many_at(OFFICE)
    assert not standing.are_many_at("192.0.2.1")


def test_an_sbc_on_another_host_does_not_know_how_many_speak_and_takes_all_for_offices(ledger: Ledger) -> None:
    kernel = Sorting()
    Known(kernel, ledger).hear_of([OFFICE], NOW)
    assert kernel.many == {OFFICE}


def test_the_source_that_has_to_go_is_no_office_any_more(ledger: Ledger) -> None:
    known = Known(DryRun(), ledger, most=1, are_many_at=lambda _: True)
    known.accept([OFFICE], NOW)
    known.accept(["192.0.2.1"], NOW)
    assert known._many == {"192.0.2.1"}
