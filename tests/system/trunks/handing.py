"""Steps of a handover as its stories share them: what the desk asks and hears, and that a call is over."""

from typing import Any, Final

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.sip import Message
from ringfence.lab.softphone import Dialog, Softphone
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.counting import counted

DESK: Final = "184"
COLLEAGUE: Final = "185"
NUMBER: Final = "+493012341"
"""Leads to the desk."""


def refer(phone: Softphone, dialog: Dialog, target: str) -> Message:
    """The answer of the system to a REFER."""
    return phone.ask_in_dialog(dialog, "REFER", [("Refer-To", f"<sip:{target}@acme.example>")], timeout=10)


def told(phone: Softphone, *, last: bool = False) -> list[str]:
    """What the phone hears of its transfer: the next news, or all until the last."""
    heard = []
    while True:
        notify = phone.request("NOTIFY", 10)
        phone.respond(notify, 200, "OK")
        heard.append(notify.body.decode().strip())
        if not last or notify.header("subscription-state").startswith("terminated"):
            return heard


def hang_up(phone: Softphone, dialog: Dialog) -> None:
    answer = phone.ask_in_dialog(dialog, "BYE", timeout=10)
    assert answer.status == 200, answer.start_line


def is_hung_up(phone: Softphone, dialog: Dialog) -> Message:
    """The BYE that reaches the phone in this call; it is answered, and so are repetitions of earlier ones."""
    while True:
        bye = phone.request("BYE", 10)
        phone.respond(bye, 200, "OK")
        if bye.header("call-id") == dialog.call_id:
            return bye


def nothing_counted(pbx: Any) -> None:
    within(8, lambda: not counted(pbx), "nothing is counted any more")
    within(8, lambda: not pbx.product.live_calls(), "no call is up")


def forgotten(pbx: Any, free: int) -> None:
    """The core keeps an answered transaction for some seconds; then its memory is free as it was before."""
    within(10, lambda: free - pbx.product.shared_memory_free() < 300_000, "their transactions are forgotten")


def handed(carrier: Carrier, desk: Softphone, colleague: Softphone, target: str = "") -> tuple[Dialog, Dialog]:
    """The party outside talks to the colleague; the dialogs of both, the desk is out of it."""
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, target or colleague.account.user).status == 202
    theirs = colleague.answer_call(colleague.request("INVITE", 10))
    colleague.request("ACK", 10)
    carrier.take_renewal()
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(desk, call.phone)
    return call.carrier, theirs


def hang_up_with(phone: Softphone, dialog: Dialog, other: Softphone, theirs: Dialog) -> None:
    """The other side hears of it in its own dialog, and the phone gets its answer."""
    raw = phone.in_dialog(dialog, "BYE")
    phone.send(raw)
    is_hung_up(other, theirs)
    assert phone.final(sip.parse(raw).branch, 10).status == 200
