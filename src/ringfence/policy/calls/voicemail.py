"""Which calls the voicemail takes: codes that phones dial, and calls that an extension does not take itself."""

from ringfence.policy.book import FindSubscriber, Subscriber
from ringfence.policy.calls.services import CODES, LEAVE_CODE, PARK_CODE, Service
from ringfence.policy.model import PlayService, Refuse


def dialled_service(
    number: str, caller: Subscriber, payer: Subscriber, find: FindSubscriber
) -> PlayService | Refuse | None:
    """The verdict on *97, *98 and *99 with an extension; None for every other number."""
    service = CODES.get(number)
    if service is not None and caller.aor == payer.aor:
        return PlayService("route.voicemail", service, payer.aor, caller, payer)
    if service is not None:
        return _led_to_mailbox(service, caller, payer)
    if number == PARK_CODE and caller.aor != payer.aor:
        return PlayService("code.park", Service.PARK, payer.aor, caller, payer)
    if not number.startswith(LEAVE_CODE):
        return None
    callee = find(f"{number.removeprefix(LEAVE_CODE)}@{payer.domain}")
    if callee is None or not callee.calling.voicemail:
        return Refuse("route.no_voicemail", 404, "Not Found")
    return PlayService("route.voicemail", Service.LEAVE_MESSAGE, callee.aor, caller, payer)


def _led_to_mailbox(service: Service, caller: Subscriber, payer: Subscriber) -> PlayService | Refuse:
    """Of whoever is forwarded or transferred there: no PIN is asked, which strangers could guess."""
    if service is Service.MAILBOX and payer.calling.voicemail:
        return PlayService("route.voicemail", Service.LEAVE_MESSAGE, payer.aor, caller, payer)
    return Refuse("route.mailbox", 403, "Forbidden")


def voicemail_number(callee: Subscriber) -> str:
    """What an extension would dial to send a call to its own voicemail; "" while it has none."""
    return f"{LEAVE_CODE}{callee.extension}" if callee.calling.voicemail else ""
