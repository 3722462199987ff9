"""The telephone network as a scripted party: a carrier that a trunk trusts by its address, which obeys its script."""

from dataclasses import dataclass
from typing import Any, Final

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.sip import Account, Message
from ringfence.lab.softphone import Dialog, Softphone, dialog_of_caller

DOMAIN: Final = "carrier.example"
CALLER: Final = "+4989777"
PORT: Final = 5060


@dataclass(frozen=True, slots=True)
class Outside:
    """Somebody outside in a call: the dialog as the carrier sees it, and as the phone inside does."""

    carrier: Dialog
    phone: Dialog


class Carrier(Softphone):
    """One UDP socket at the address that the trunk names."""

    def __init__(self, host: Host) -> None:
        super().__init__(host, (PBX_ADDRESS, 5060), Account(CALLER, DOMAIN, "none"), local_port=PORT)
        self.heard: list[Message] = []
        """Everything that reached the carrier since it was emptied."""

    def _read(self) -> bool:
        known = len(self._inbox)
        is_open = super()._read()
        self.heard.extend(self._inbox[known:])
        return is_open

    def trunk(self) -> dict[str, Any]:
        """The body of the trunk that trusts this carrier."""
        return {
            "name": "Carrier",
            "kind": "address",
            "domain": DOMAIN,
            "default_number": "+493012340",
            "numbers": ["+49301234*"],
            "hosts": [{"host": self.address, "port": PORT}],
            "sources": [{"cidr": self.address, "port": 0}],
            "keepalive": 0,
            "country_code": "49",
        }

    def call_in(self, number: str, phone: Softphone) -> Outside:
        """Calls a number that leads to this phone, which answers."""
        uri = f"sip:{number}@{PBX_ADDRESS}"
        content, body = self.offer()
        headers = [*self.headers("INVITE", uri), *content]
        raw = sip.compose(f"INVITE {uri} SIP/2.0", headers, body)
        self.send(raw)
        theirs = phone.answer_call(phone.request("INVITE", 10))
        ours = dialog_of_caller(self.final(sip.parse(raw).branch, 10))
        self.send(self.in_dialog(ours, "ACK"))
        phone.request("ACK")
        return Outside(ours, theirs)

    def take_renewal(self, port: int = 40_002) -> Message:
        """Answers a new session description, and takes the acknowledgement; what was offered."""
        offered = self.request("INVITE", 10)
        self.respond(offered, 200, "OK", body=sip.sdp(self.address, port))
        self.request("ACK", 10)
        return offered
