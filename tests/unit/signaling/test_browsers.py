"""A browser's credential is looked up under its own name; nobody learns which names exist (issue 6.5)."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.signaling.fake_kamailio import Kamailio, loaded

GIVEN, STALE = "1" * 32, "2" * 32
_STORE = """
import sys
from pathlib import Path
from ringfence.policy.book import Book, Role, Subscriber, Tenant
from ringfence.policy.people.browsers import BrowserCredential, credential_key, encode_credential
from ringfence.store.writer import Lookups, PolicyWriter
realm = "acme.example"
put = [(credential_key(name, realm), encode_credential(BrowserCredential(f"101@{realm}", user, end, ha1)))
       for name, user, end, ha1 in [("101~good", 7, 4e9, "1" * 32), ("101~late", 7, 1.0, "2" * 32),
                                    ("101~other", 8, 4e9, "1" * 32)]]
PolicyWriter(Path(sys.argv[1])).publish(Book(
    tenants=(Tenant(1, "Acme", realm),), roles=(Role("User", True, True, False),), default_domain=realm),
    [Subscriber(f"101@{realm}", 1, 7, "User", True, "Ann", "a" * 32, "b" * 64)], lookups=Lookups(put=put))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("policy")
    subprocess.run([sys.executable, "-c", _STORE, str(made)], check=True, timeout=30)
    return made


@pytest.fixture
def kamailio() -> Iterator[Kamailio]:
    with loaded() as fake:
        yield fake


def asked(kamailio: Kamailio, folder: Path, name: str, transport: str) -> tuple[str, Any]:
    """The HA1 that Kamailio is asked to compare, and whom it would prove."""
    kamailio.answers = {
        "kx.gete_au": f"{name}@acme.example", "kx.get_ruri": "sip:acme.example", "kx.gete_rhost": "acme.example",
        "kx.get_srcip": "198.51.100.7", "kx.get_proto": transport, "auth.pv_auth_check": 1,
        "pv.get": "sip:acme.example",
    }  # fmt: skip
    authentication = importlib.import_module("ringfence.signaling.registration.authentication")
    view = importlib.import_module("ringfence.signaling.store").PolicyView(folder, print)
    index = view.current()
    bans = SimpleNamespace(is_slowed=lambda *_: False)
    tallies = SimpleNamespace(answered=lambda: None)
    worker = SimpleNamespace(view=view, bans=bans, tallies=tallies)
    identity = authentication.authenticate("REGISTER", index, worker)
    [(_, ha1, *_)] = kamailio.arguments_of("auth.pv_auth_check")
    return ha1, identity.caller


def test_a_browser_is_compared_with_what_it_was_given_and_becomes_its_extension(
    kamailio: Kamailio, folder: Path
) -> None:
    ha1, caller = asked(kamailio, folder, "101~good", "wss")
    assert ha1 == GIVEN
    assert caller.aor == "101@acme.example"


@pytest.mark.parametrize(
    ("name", "transport"),
    [("101~good", "udp"), ("101~good", "tls"), ("101~none", "wss"), ("101~other", "wss"), ("999~good", "wss")],
)
def test_whatever_is_not_its_name_over_a_websocket_is_compared_with_nothing_real(
    kamailio: Kamailio, folder: Path, name: str, transport: str
) -> None:
    ha1, caller = asked(kamailio, folder, name, transport)
    assert ha1 not in (GIVEN, STALE, "a" * 32)
    assert len(ha1) == 32
    assert caller is None


def test_the_secret_of_the_phone_is_worth_nothing_under_a_browsers_name(kamailio: Kamailio, folder: Path) -> None:
    ha1, caller = asked(kamailio, folder, "101~late", "wss")
    assert ha1 not in (GIVEN, STALE, "a" * 32)
    assert caller.ha1_md5 != "a" * 32


def test_a_process_that_never_judged_a_request_knows_the_extensions_too(kamailio: Kamailio, folder: Path) -> None:
    """The one that keeps time takes the next step of a call, perhaps as the first thing it ever does."""
    view = importlib.import_module("ringfence.signaling.store").PolicyView(folder, print)
    assert view.subscriber("101@acme.example").user_id == 7
