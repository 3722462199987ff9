"""Requests that the cases about bans send, and what the guard says of their sender."""

from typing import Any, Final

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.sip import Headers
from ringfence.lab.softphone import Softphone

UDP: Final = (PBX_ADDRESS, 5060)
TCP: Final = (PBX_ADDRESS, 5063)
TLS: Final = (PBX_ADDRESS, 5061)
URI: Final = "sip:acme.example"
ANSWER_TIME: Final = 30


def ask(one: Softphone, method: str = "REGISTER", headers: Headers | None = None) -> tuple[sip.Message | None, Headers]:
    """One request without credentials, and what came back."""
    asked = headers or one.headers(method, one.account.aor)
    return one.silent(method, URI if method == "REGISTER" else "sip:102@acme.example", asked, wait=1.0), asked


def fail(one: Softphone, count: int) -> int:
    """So many wrong passwords, each for a challenge of its own; how many were answered."""
    answered = 0
    for _ in range(count):
        challenge, headers = ask(one)
        if challenge is None or challenge.status != 401:
            return answered
        refused = one.silent("REGISTER", URI, one.answered(challenge, "REGISTER", URI, headers), wait=0.5)
        answered += refused is not None and refused.status == 401
    return answered


def spared(pbx: Any, host: Host) -> list[str]:
    """Why this source was spared, from the guard's own socket."""
    answer = pbx.product.guard("events.since", cursor=0, kinds=["ban.spared"], limit=5000)
    return [event["why"] for event in answer["events"] if event["address"] == host.address]
