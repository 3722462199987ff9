"""A browser is registered no longer than its credential is good (docs/adr/0028)."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.guard.control import Refusal
from ringfence.guard.live.browserdesk import MOST_NAMES, BrowserDesk
from ringfence.guard.live.browsers import MOST_DEVICES, Browsers
from ringfence.guard.service import Service
from ringfence.policy.events import Kind
from tests.unit.guard.workshop import guard, line, registration, write_journal

AOR = "101@a.example"
BROWSER, DESK = "sip:x@y.invalid;transport=ws", "sip:101@192.0.2.1:5060"


def registered(contact: str, name: str) -> dict[str, Any]:
    return {"aor": AOR, "contact": contact, "name": name}


def test_a_device_goes_with_the_credential_it_registered_with_last() -> None:
    browsers = Browsers()
    browsers.saw(registered(BROWSER, "101~aa"))
    browsers.saw(registered("sip:z@y.invalid", "101~cc"))
    browsers.saw(registered(BROWSER, "101~bb"))
    assert browsers.take(AOR, frozenset({"101~aa"})) == []
    assert browsers.take("102@a.example", frozenset({"101~bb"})) == []
    assert browsers.take(AOR, frozenset({"101~bb"})) == [BROWSER]
    assert browsers.take(AOR, frozenset({"101~bb", "101~cc"})) == ["sip:z@y.invalid"]


def test_one_account_cannot_fill_the_memory() -> None:
    browsers = Browsers()
    for number in range(3 * MOST_DEVICES):
        browsers.saw(registered(f"sip:{number}@y.invalid", "101~aa"))
    assert len(browsers.take(AOR, frozenset({"101~aa"}))) == MOST_DEVICES


class Asked:
    """A core that writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def ask(self, *words: Any) -> bool:
        self.asked.append(words)
        return True


def both_registered(home: Path) -> tuple[Service, Asked, BrowserDesk]:
    """A guard that knows a desk phone and a browser of one extension."""
    service, core = guard(home), Asked()
    devices = [{"uri": uri, "expires_at": int(time.time()) + 300} for uri in (DESK, BROWSER)]
    write_journal(
        home,
        registration(AOR, contacts=devices),
        line(Kind.REGISTRATION_BROWSER, aor=AOR, contact=BROWSER, name="101~aa"),
    )
    service.consume()
    return service, core, BrowserDesk(service, core)  # type: ignore[arg-type]


def test_what_it_registered_is_removed_from_the_core_and_the_desk_phone_stays(tmp_path: Path) -> None:
    service, core, desk = both_registered(tmp_path)
    assert asyncio.run(desk.end({"aor": AOR, "names": ["101~aa"]})) == {"aor": AOR, "ended": 1}
    assert core.asked == [("ul.rm_contact", "location", AOR, BROWSER)]
    [left] = service.parts.standing.registrations.listing(time.time())
    assert [one["uri"] for one in left["contacts"]] == [DESK]
    assert asyncio.run(desk.end({"aor": AOR, "names": ["101~aa"]}))["ended"] == 0


WHOSE: list[tuple[dict[str, str], list[str]]] = [
    ({"aor": AOR}, [AOR]),
    ({"domain": "a.example"}, [AOR]),
    ({"aor": "9@a.example"}, ["9@a.example"]),
    ({"domain": "b.example"}, []),
]


@pytest.mark.parametrize(("whose", "asked"), WHOSE)
def test_all_that_somebody_registered_goes_with_the_owner(tmp_path: Path, whose: dict[str, str], asked: Any) -> None:
    """Issue 4: whoever has the number next is not rung at the phones of whoever had it before."""
    service, core, desk = both_registered(tmp_path)
    assert asyncio.run(desk.end_all(whose)) == {"ended": len(asked)}
    assert core.asked == [("ul.rm", "location", aor) for aor in asked]
    left = [one["aor"] for one in service.parts.standing.registrations.listing(time.time())]
    assert left == ([] if AOR in asked else [AOR])


@pytest.mark.parametrize("names", [None, "101~aa", [7], ["x"] * (MOST_NAMES + 1)])
def test_names_that_are_none_are_refused(tmp_path: Path, names: Any) -> None:
    with pytest.raises(Refusal, match="names"):
        asyncio.run(BrowserDesk(guard(tmp_path), Asked()).end({"aor": AOR, "names": names}))  # type: ignore[arg-type]
