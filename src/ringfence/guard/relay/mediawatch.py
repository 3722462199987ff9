"""Learns from the relay what the answered calls use, and keeps the media ports open for those who were named."""

import asyncio
from typing import Final

from ringfence.guard.kernel.firewall import Firewall
from ringfence.guard.kernel.pinholes import Holes
from ringfence.guard.live.calls import Calls, LiveCall
from ringfence.guard.relay.media import Relay
from ringfence.guard.relay.mediadoor import MediaDoor, host_of
from ringfence.guard.relay.outside import sides_outside, take_outside
from ringfence.policy.addresses import Network
from ringfence.policy.relay.media import decode_leg
from ringfence.policy.relay.relayed import described, flows, suite

LOOK_EVERY: Final = 1.0
MOST_LOOKS: Final = 10
"""How often a call is asked about until both sides have their cipher."""

MOST_AT_ONCE: Final = 50
REFUSED_ANSWER: Final = "Media refused"
"""Why a call is ended whose called side answered more weakly than it was asked."""
NO_KEYS: Final = "Media keys not proved"
"""Why a call is ended one side of which showed another certificate than it had announced, or none (attack case 77)."""
SHORT_KEYS: Final = "Media keys too short"
"""Why a call is ended where AES-256 alone is allowed and a browser agreed on less: DTLS does that after the answer."""


class MediaWatch:
    """One look each second; what it says of a call stays with the call."""

    def __init__(self, calls: Calls, relay: Relay, firewall: Firewall, outer: Relay | None = None) -> None:
        """`outer` is the SBC's relay."""
        self._calls, self._relay, self._outer = calls, relay, outer
        self._door = MediaDoor(firewall)

    async def look(self) -> None:
        """Asks the relay about new calls, in a thread, and tells the kernel what changed."""
        asked = dict(list(self._calls.unreported(MOST_LOOKS).items())[:MOST_AT_ONCE])
        reports = await asyncio.to_thread(self._relay.reports, asked) if asked else {}
        for call_id, report in reports.items():
            call = self._calls.get(call_id)
            if call is not None:
                _take(call, report)
        await self._look_outside([call for name in reports if (call := self._calls.get(name))])
        self.hold()

    async def _look_outside(self, calls: list[LiveCall]) -> None:
        found = [(call, sides_outside(call)) for call in calls]
        names = {side.relayed_as: side.relayed_as for _, sides in found for side in sides}
        if self._outer is None or not names:
            return
        reports = await asyncio.to_thread(self._outer.reports, names)
        for call, sides in found:
            take_outside(call, sides, reports)

    def to_end(self) -> dict[str, list[str]]:
        """The calls whose media is not what was asked for, by the reason for their end."""
        return {
            REFUSED_ANSWER: self._calls.broken(),
            NO_KEYS: self._calls.without_keys(MOST_LOOKS),
            SHORT_KEYS: self._calls.with_short_keys(),
        }

    def admit(self) -> None:
        """Whom a call has just named may send at once: until the next look a whole second would be silent."""
        self._door.admit(self._calls.newly_named())

    def hold(self) -> None:
        """The list as it should be now; the same list only prolongs the watch."""
        if self._door.may_shut:
            self._door.hold(Holes(self._addresses(), self._ports()))

    def _addresses(self) -> frozenset[Network]:
        named = {address for call in self._calls.each() for address in call.media_addresses}
        return frozenset(found for address in named if (found := host_of(address)) is not None)

    def _ports(self) -> frozenset[int]:
        flows = (flow for call in self._calls.each() for flow in (*call.flows, *call.outer_flows))
        return frozenset(flow.port for flow in flows if flow.ice)


def _take(call: LiveCall, report: dict[str, object]) -> None:
    call.looks += 1
    call.flows = flows(report)
    if call.dialog_told is None:
        return
    dialog, variables = call.dialog_told
    for name, leg, tag in (("caller_rtp", "caller_leg", "from_tag"), ("called_rtp", "callee_leg", "to_tag")):
        try:
            agreed = decode_leg(str(variables.get(leg) or ""))
        except ValueError:
            continue
        call.encrypted[name] = described(agreed, suite(report, str(dialog.get(tag) or "")))
        if agreed.strong:
            call.strong.add(name)
