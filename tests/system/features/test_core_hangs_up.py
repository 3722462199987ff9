"""A BYE that the core itself sends reaches both phones where they are, whatever they wrote (docs/adr/0055, ADR 6)."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.sip import Headers
from ringfence.lab.softphone import Dialog, Softphone, Transport, establish, listener
from ringfence.lab.webphone import WebPhone
from tests.system.features.steps import record
from tests.system.features.test_started_calls import picked_up
from tests.system.trunks.counting import counted

pytestmark = pytest.mark.usefixtures("oracle")

SERVERS: Final = {Transport.UDP: (PBX_ADDRESS, 5060), Transport.TCP: (PBX_ADDRESS, 5063)}
WSS: Final = (PBX_ADDRESS, 5065)
PAGE: Final = f"https://{PBX_ADDRESS}:10443"
PRIVATE: Final = "<sip:{user}@192.168.77.5:5060>"
"""What a phone behind an address translator writes."""

LISTENING: Final = "<sip:{user}@{address}:5060;transport=tcp>"
"""What a phone writes that spoke from a port of the moment and would listen at another."""

FORGED: Final = "<sip:{user}@{victim}:5060;alias={victim}~5060~1>"
NOBODY: Final = "<sip:{user}@phone.invalid;transport=ws>"


class Liar(Softphone):
    """A phone whose Contact is not where it speaks from, and that says more in its answers if it wants to."""

    written: str = PRIVATE
    said: Headers | None = None

    @property
    def contact(self) -> str:
        return self.written.format(user=self.account.user, address=self.address)

    def answer_call(self, invite: sip.Message, extra: Headers | None = None) -> Dialog:
        return super().answer_call(invite, [*(extra or []), *(self.said or [])])


@contextmanager
def quick(phone: Softphone) -> Iterator[list[str]]:
    """A phone that answers each request in the moment it comes; the methods of what came."""
    heard: list[str] = []
    is_over = threading.Event()

    def answer() -> None:
        while not is_over.is_set():
            if (request := phone.receive(0.05)) and not request.is_response:
                phone.respond(request, 200, "OK")
                heard.append(request.method)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield heard
    finally:
        is_over.set()
        thread.join()


@pytest.fixture
def liar(pbx: Any, stranger: Callable[[], Host]) -> Iterator[Callable[..., Softphone]]:
    """Registered phones: `liar("481", PRIVATE)`, `liar("482", NOBODY)` in a browser's place."""
    with ExitStack() as stack:

        def make(number: str, written: str, transport: Transport = Transport.UDP) -> Softphone:
            account, host = pbx.account(number), stranger()
            made: Softphone
            if written == NOBODY:
                made = stack.enter_context(WebPhone(host, WSS, account, PAGE, "sip"))
            else:
                made = stack.enter_context(Liar(host, SERVERS[transport], account, transport))
                made.written = written  # type: ignore[attr-defined]
            assert made.register().status == 200
            return made

        yield make


def _hang_up(pbx: Any, caller: str) -> str:
    """An administrator ends the call of this extension; its id."""
    call = within(
        8, lambda: next((row for row in pbx.product.answered_calls() if caller in row["caller"]), None), "live"
    )
    pbx.rest.delete(f"calls/{call[0]['id']}")
    return str(call[0]["id"])


def _nothing_left(pbx: Any) -> None:
    """No dialog in the core, no counter."""
    within(8, lambda: "h_id" not in pbx.product.kamcmd("dlg.list"), "the core holds no call")
    assert "ongoing: 0" in pbx.product.kamcmd("dlg.stats_active")
    within(8, lambda: not counted(pbx), "nothing is counted")


def _each_is_told(*phones: Softphone) -> None:
    """One BYE for each, and no second one."""
    for phone in phones:
        bye = phone.request("BYE")
        phone.respond(bye, 200, "OK")
        assert int(bye.header("cseq").split()[0]) > 0
    for phone in phones:
        assert [one.method for one in phone.requests_within(0.7) if one.method == "BYE"] == []


def test_phones_behind_a_translator_and_on_streams_are_told(pbx: Any, liar: Any) -> None:
    """Over UDP and TCP: the Contact names a private address, and a port where nobody listens."""
    caller, callee = liar("481", PRIVATE), liar("482", LISTENING, Transport.TCP)
    establish(caller, callee)
    _hang_up(pbx, "481@")
    _each_is_told(caller, callee)
    assert record(pbx, "481", "482", ended_by="system")["code"] == 200


def test_a_phone_that_wrote_the_truth_is_told_once_beside_one_that_did_not(pbx: Any, liar: Any, phone: Any) -> None:
    caller, callee = phone("483"), liar("482", PRIVATE)
    establish(caller, callee)
    _hang_up(pbx, "483@")
    _each_is_told(caller, callee)
    assert record(pbx, "483", "482", ended_by="system")["code"] == 200


@pytest.mark.parametrize("other", [PRIVATE, NOBODY], ids=["desk", "browser"])
def test_a_browser_is_told_over_its_connection(pbx: Any, liar: Any, other: str) -> None:
    """RFC 7118 section 5: its Contact is a name that nobody can look up."""
    caller, callee = liar("484", other), liar("485", NOBODY)
    establish(caller, callee)
    _hang_up(pbx, "484@")
    _each_is_told(caller, callee)
    assert record(pbx, "484", "485", ended_by="system")["code"] == 200
    _nothing_left(pbx)


@pytest.mark.parametrize(
    "written",
    ["<sip:{user}@%s:5060>", "<sip:{user}@192.168.77.5;alias=%s~5060~1>", "<sip:{user}@192.168.77.5;maddr=%s>"],
    ids=["host", "alias", "maddr"],
)
def test_a_forged_contact_and_route_make_the_core_send_nowhere(
    pbx: Any, liar: Any, stranger: Callable[[], Host], written: str
) -> None:
    """Nobody gets the core to speak to an address of their choice; the forger is told where it is."""
    victim = stranger()
    with listener(victim, 5060) as silent:
        caller, callee = liar("481", written % victim.address), liar("482", PRIVATE)
        callee.said = [("Record-Route", f"<sip:{victim.address}:5060;lr>")]
        establish(caller, callee)
        _hang_up(pbx, "481@")
        _each_is_told(caller, callee)
        with pytest.raises(BlockingIOError):
            silent.recv(2048)


@pytest.mark.parametrize(
    ("number", "written"), [("487", PRIVATE), ("488", NOBODY), ("489", FORGED)], ids=["desk", "browser", "forged"]
)
def test_a_started_call_reaches_a_phone_that_wrote_no_truth(
    pbx: Any, liar: Any, stranger: Callable[[], Host], number: str, written: str
) -> None:
    """ADR 16: ACK, REFER and BYE are the core's own too."""
    victim = stranger()
    with listener(victim, 5060) as silent:
        caller = liar(number, written.format(victim=victim.address, user="{user}"))
        caller.said = [("Record-Route", f"<sip:{victim.address}:5060;lr>")]
        pbx.account("482")
        here = f"{caller.address}:{caller.port}"
        within(4, lambda: here in str(pbx.product.registrations()), "the registration is known")
        pbx.rest.post("calls", user_id=pbx.users[number]["id"], number="482")
        assert picked_up(caller) == "sip:482@acme.example"
        with pytest.raises(BlockingIOError):
            silent.recv(2048)


def test_phones_that_answer_at_once_are_told_both(pbx: Any, phone: Any) -> None:
    """An answer that comes before the second BYE leaves must not save the other party from it; nothing is left over."""
    caller, callee = phone("483"), phone("490")
    for _ in range(12):
        establish(caller, callee)
        with quick(caller) as one, quick(callee) as other:
            _hang_up(pbx, "483@")
            within(5, lambda: (one, other) == (["BYE"], ["BYE"]), "each is told once")
        within(5, lambda: not any("483@" in row["caller"] for row in pbx.product.answered_calls()), "it is over")
    _nothing_left(pbx)


@pytest.mark.restarts
def test_a_call_that_outlived_the_core_is_hung_up_all_the_same(pbx: Any, liar: Any) -> None:
    """Where the parties are stands in the warm start with the call (ADR 5)."""
    caller, callee = liar("481", PRIVATE), liar("486", PRIVATE)
    establish(caller, callee)
    within(5, lambda: any("481@" in row["caller"] for row in pbx.product.live_calls()), "it is live")
    old = pbx.product.process_ids()["core"]
    os.kill(old, signal.SIGKILL)
    within(30, lambda: pbx.product.process_ids().get("core", 0) not in (0, old), "it is started again")
    within(30, lambda: pbx.product.is_ready("core"), "the core is back")
    _hang_up(pbx, "481@")
    _each_is_told(caller, callee)
