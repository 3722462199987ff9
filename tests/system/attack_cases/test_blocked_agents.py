"""Messages that name a blocked user agent get no answer, whatever else is wrong with them."""

from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.sip import Account, Headers
from ringfence.lab.softphone import Softphone, Transport
from tests.system.attack_cases.asking import TCP, UDP, URI

pytestmark = pytest.mark.usefixtures("oracle")

SCANNER = "friendly-scanner"
PHONE = "Yealink SIP-T46U 108.86.0.45"
EXTENSION = "sip:101@acme.example"


def naming(one: Softphone, method: str, *agents: str, **instead: str | None) -> Headers:
    """Headers of a request with these User-Agent headers and others put in place or left out."""
    headers = sip.with_header(one.headers(method, one.account.aor), "User-Agent", None)
    for name, value in instead.items():
        headers = sip.with_header(headers, name.replace("_", "-"), value)
    return [*headers, *(("User-Agent", agent) for agent in agents)]


@pytest.fixture
def scanner(stranger: Any) -> Any:
    with Softphone(stranger(), UDP, Account("101", "acme.example", "wrong")) as one:
        yield one


def test_no_message_of_a_blocked_user_agent_is_answered(scanner: Softphone) -> None:
    """Reference: "User-Agent Blacklist", for every method: a 481, 400 or 513 tells a scanner that SIP lives here."""
    for method in ("REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "PUBLISH", "BYE", "CANCEL", "NOSUCH"):
        assert scanner.silent(method, EXTENSION, naming(scanner, method, SCANNER), wait=0.3) is None, method
    for method in ("BYE", "INVITE", "INFO", "OPTIONS"):
        invented = naming(scanner, method, SCANNER, To=f"<{EXTENSION}>;tag=invented")
        assert scanner.silent(method, EXTENSION, invented, wait=0.3) is None, f"{method} in a dialog nobody has"
    for name, value in (("CSeq", "1 NOSUCH"), ("Call_ID", "x" * 300), ("Max_Forwards", "0")):
        broken = naming(scanner, "INVITE", SCANNER, **{name: value})
        assert scanner.silent("INVITE", EXTENSION, broken, wait=0.3) is None, name
    honest = naming(scanner, "CANCEL", PHONE)
    answer = scanner.silent("CANCEL", EXTENSION, honest)
    assert answer is not None
    assert answer.status == 481


@pytest.mark.parametrize("agents", [(PHONE, SCANNER), (SCANNER, PHONE), (PHONE, PHONE, f"my {SCANNER}/1")])
def test_a_second_user_agent_header_hides_nothing(scanner: Softphone, agents: tuple[str, ...]) -> None:
    """Reference: "User-Agent Blacklist"; REGISTER takes a way of its own through the core (docs/adr/0009)."""
    for method, uri in (("REGISTER", URI), ("OPTIONS", EXTENSION), ("INVITE", EXTENSION)):
        assert scanner.silent(method, uri, naming(scanner, method, *agents), wait=0.3) is None, method


def test_two_honest_user_agent_headers_are_served(scanner: Softphone) -> None:
    answer = scanner.silent("REGISTER", URI, naming(scanner, "REGISTER", PHONE, "SBC"))
    assert answer is not None
    assert answer.status == 401


def test_a_broken_message_of_a_blocked_user_agent_ends_its_connection(stranger: Any) -> None:
    """What follows a message whose end is unknown is nobody's message (attack case 9), and no answer says so."""
    with Softphone(stranger(), TCP, Account("101", "acme.example", "wrong"), Transport.TCP) as one:
        headers = naming(one, "OPTIONS", SCANNER, CSeq="1 NOSUCH")
        assert one.silent("OPTIONS", EXTENSION, headers, wait=0.3) is None
        assert one.is_closed()
