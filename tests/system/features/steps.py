"""Steps that the stories of this folder share."""

from typing import Any

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.sip import Headers, Message
from ringfence.lab.softphone import Softphone, end_call


def branch_of(headers: Headers) -> str:
    return str(dict(headers)["Via"].split("branch=")[1].split(";")[0])


def refuse(phone: Softphone, invite: Message, code: int, reason: str, extra: Headers | None = None) -> None:
    """Refuses a call and takes the ACK."""
    phone.respond(invite, code, reason, "refused", extra)
    phone.request("ACK")


def refused_call(caller: Softphone, number: str) -> int:
    """Calls a number and takes the refusal; its code."""
    uri, headers = caller.begin_call(number)
    answer = caller.final(branch_of(headers), timeout=10)
    caller.send_ack(answer, uri, headers)
    return int(answer.status or 0)


def talk(caller: Softphone, callee: Softphone, dialled: tuple[str, Headers]) -> None:
    """The callee takes the call; both hear of it; the caller hangs up."""
    invite = callee.request("INVITE")
    assert sip.media_address(invite.body)[0] == PBX_ADDRESS, "the media would not go through the relay"
    callee.answer_call(invite)
    dialog = caller.call_answered(*dialled)
    callee.request("ACK")
    assert end_call(caller, callee, dialog).status == 200


def record(pbx: Any, caller: str, dialled: str, **facts: object) -> dict[str, Any]:
    """A record of a call between these two that says this."""

    def fitting() -> dict[str, Any] | None:
        rows = [row for row in pbx.product.call_records() if row["dialled"] == dialled and caller in row["caller"]]
        return next((row for row in rows if facts.items() <= row.items()), None)

    return within(10, fitting, f"a record of {caller} to {dialled} with {facts}")[0]
