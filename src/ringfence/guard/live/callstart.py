"""Starts a call for an extension: its phone rings first, and is then asked to call the number itself.

So the phone proves itself with its own digest, and the call is judged and charged like one that was dialled there. It
gets an INVITE, a REFER and a BYE to the device that registered last (RFC 5359 section 2.15, "Click to Dial").
"""

import asyncio
import re
import time
from typing import Any, Final

import orjson

from ringfence.corelink import Core, Unreachable
from ringfence.guard.adopted import AdoptedPolicy
from ringfence.guard.control import Args, Refusal, Verb, text
from ringfence.guard.live.registrations import Registrations
from ringfence.policy.trunking.next_hop import is_encrypted

START: Final = "calls.start"

PATIENCE: Final = 4.0
"""Seconds; less than the portal waits for the guard."""

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,64}")


class CallStart:
    """Asks the core for calls that no phone began."""

    def __init__(self, registrations: Registrations, core: Core, policy: AdoptedPolicy) -> None:
        self._registrations = registrations
        self._core = core
        self._policy = policy

    def verbs(self) -> dict[str, Verb]:
        return {START: self._answer}

    async def _answer(self, args: Args) -> dict[str, Any]:
        return await asyncio.to_thread(self.start, text(args, "aor"), text(args, "number"), time.time())

    def start(self, aor: str, number: str, now: float) -> dict[str, Any]:
        """Rings the device that registered last. Raises Refusal. `now` is Unix time."""
        if not _NUMBER.fullmatch(number):
            raise Refusal("calls.number", "number", f"{number!r} is nothing that can be dialled.")
        device = self._device(aor, now)
        if device is None:
            raise Refusal("calls.offline", "aor", f"No phone is registered as {aor}.")
        target = f"sip:{number.replace('#', '%23')}@{aor.partition('@')[2]}"
        self._bridge(f"sip:{aor}", target, _hop(device))
        return {"aor": aor, "number": number, "device": str(device["uri"])}

    def _bridge(self, caller: str, target: str, hop: str) -> None:
        """The core itself refuses none; a busy one answers late, and calls all the same. Raises Refusal."""
        try:
            is_taken = self._core.ask_patiently(PATIENCE, "dlg.bridge_dlg", caller, target, hop)
        except Unreachable:
            raise Refusal("calls.core", "aor", "The SIP core is not running now; no phone rings. Try again.") from None
        except OSError:
            raise Refusal(
                "calls.core", "aor", "The SIP core is busy and has not answered: the phone may ring all the same."
            ) from None
        if not is_taken:
            raise Refusal("calls.core", "aor", "The SIP core refuses to call this phone.")

    def _device(self, aor: str, now: float) -> dict[str, Any] | None:
        line = self._registrations.line_of(aor, now)
        contacts = orjson.loads(line)["contacts"] if line else []
        live = [contact for contact in contacts if contact["expires_at"] > now]
        domain = aor.partition("@")[2].lower()
        if any(tenant.tls_only for tenant in self._policy.book.tenants if tenant.domain.lower() == domain):
            live = [contact for contact in live if is_encrypted(_hop(contact))]
        return max(live, key=lambda contact: float(contact["expires_at"]), default=None)


def _hop(device: dict[str, Any]) -> str:
    return str(device.get("received") or device["uri"])
