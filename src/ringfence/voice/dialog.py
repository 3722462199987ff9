"""A dialog in which the voice process asks (RFC 3261 section 12): a call it made, or one it took over from a phone."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ringfence.policy.calls.handover import PROOF_HEADER
from ringfence.voice import sip
from ringfence.voice.sip import Headers, Message
from ringfence.voice.speech import Codecs

SDP: Final[Headers] = [("Content-Type", "application/sdp")]
BEYOND: Final = 1000
"""What a successor adds to the last CSeq it can know of."""


@dataclass(slots=True)
class Dialog:
    """`ours` and `theirs` are the values of From and To in requests of ours, with their tags as far as they are known.

    `proof` shows the core that it gave us this dialog, `body` is our side of the media and `codecs` what is spoken.
    """

    hostport: str
    call_id: str
    ours: str
    theirs: str
    target: str
    route: str = ""
    cseq: int = 0
    proof: Headers = field(default_factory=list)
    body: bytes = b""
    codecs: Codecs = ()
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    """Of a call that came to us: our answer has arrived."""

    @property
    def key(self) -> str:
        """By which requests of the other side are known: see `endpoint.key_of`."""
        return f"{self.call_id}\n{sip.tag_in(self.theirs)}"

    def request(self, method: str, more: Headers | None = None, body: bytes = b"") -> bytes:
        """The next request of ours."""
        self.cseq += 1
        return self.compose(method, self.cseq, sip.new_branch(), more, body)

    def bye_of_successor(self) -> bytes:
        """What is left to say if this process ends before the call does."""
        return self.compose("BYE", self.cseq + BEYOND, sip.new_branch())

    def invite(self, body: bytes, more: Headers | None = None) -> bytes:
        """An INVITE with this side of the media."""
        self.body = body
        return self.request("INVITE", [*SDP, *(more or [])], body)

    def cancel(self, invite: bytes) -> bytes:
        """Takes an INVITE back (RFC 3261 section 9.1)."""
        return self.compose("CANCEL", self.cseq, sip.parse(invite).branch)

    def acknowledgement(self, invite: bytes, answer: Message) -> bytes:
        """Of a final answer; one that refuses is acknowledged in the transaction itself (RFC 3261 section 17.1.1.3)."""
        if answer.status < 300:
            return self.compose("ACK", self.cseq, sip.new_branch())
        return self.compose("ACK", self.cseq, sip.parse(invite).branch, to=answer.header("to"))

    def confirm(self, answer: Message) -> None:
        """Learns of a 2xx who answered, and by which way."""
        self.theirs = answer.header("to")
        self.target = sip.uri_in(answer.header("contact")) or self.target
        self.route = ", ".join(reversed(_listed(answer.all("record-route"))))

    def compose(
        self, method: str, cseq: int, branch: str, more: Headers | None = None, body: bytes = b"", to: str = ""
    ) -> bytes:
        headers: Headers = [
            ("Via", f"SIP/2.0/UDP {self.hostport};branch={branch}"),
            *([("Route", self.route)] if self.route else []),
            ("Max-Forwards", "70"),
            ("From", self.ours),
            ("To", to or self.theirs),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", f"<sip:{self.hostport}>"),
            *self.proof,
            *(more or []),
        ]
        return sip.compose(f"{method} {self.target} SIP/2.0", headers, body)


def dialog_of(invite: Message, hostport: str) -> Dialog:
    """The dialog of a call that comes to us, as we will answer it."""
    return Dialog(
        hostport,
        invite.header("call-id"),
        f"{invite.header('to')};tag={sip.new_token()}",
        invite.header("from"),
        sip.uri_in(invite.header("contact")),
        ", ".join(_listed(invite.all("record-route"))),
    )


def dialog_taken_over(told: Mapping[str, Any], hostport: str) -> Dialog:
    """The phone's dialog with the party, as its request showed it to the core."""
    return Dialog(
        hostport,
        str(told["call_id"]),
        str(told["ours"]),
        str(told["theirs"]),
        str(told["target"]),
        str(told["route"]),
        int(told["cseq"]) + 50,
        [(PROOF_HEADER, str(told["token"]))],
    )


def as_party(dialog: Dialog, phone: str) -> Dialog:
    """The other side of a dialog that was taken over: in which the phone is spoken to."""
    return Dialog(dialog.hostport, dialog.call_id, dialog.theirs, dialog.ours, phone, proof=dialog.proof)


def _listed(values: tuple[str, ...]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]
