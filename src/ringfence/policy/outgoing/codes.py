"""What phones dial to have the system do something instead of calling: the feature codes."""

from typing import Final

from ringfence.policy.book import FindSubscriber, Subscriber
from ringfence.policy.calls.services import UNPARK_CODE
from ringfence.policy.index import Index
from ringfence.policy.model import PickUp, Refuse, SetCalling, Unpark
from ringfence.policy.outgoing.numbers import Reach, dialled_number

type Asked = PickUp | SetCalling | Unpark | Refuse

PICK_UP: Final = "*8"
FORWARD_ON: Final = "*72"
FORWARD_OFF: Final = "*73"
DISTURB_NOT: Final = "*78"
DISTURB: Final = "*79"


def feature(dialled: str, caller: Subscriber, index: Index, find: FindSubscriber) -> Asked | None:
    """What a dialled code asks for; None for anything that is no such code.

    Settings are the caller's own. Only what rings inside the own tenant is picked up, by whoever may call inside.
    """
    number = dialled_number(dialled)
    if number == DISTURB_NOT:
        return SetCalling("code.do_not_disturb", caller, (("do_not_disturb", True),))
    if number == DISTURB:
        return SetCalling("code.do_not_disturb", caller, (("do_not_disturb", False),))
    if number == FORWARD_OFF:
        return SetCalling("code.forward", caller, (("forward_always", ""),))
    if number.startswith(FORWARD_ON):
        return _forward(number.removeprefix(FORWARD_ON), caller, index, find)
    if number.startswith(UNPARK_CODE):
        return _unpark(number.removeprefix(UNPARK_CODE), caller, index, find)
    if number.startswith(PICK_UP) and not number.startswith((f"{PICK_UP}0", f"{PICK_UP}*")):
        return _pick_up(number.removeprefix(PICK_UP), caller, index, find)
    return None


def _forward(target: str, caller: Subscriber, index: Index, find: FindSubscriber) -> SetCalling | Refuse:
    """What is as long as the own extension is meant as one: the page refuses it too when nobody has it."""
    if not target or target == caller.extension:
        return Refuse("code.forward", 484, "Address Incomplete")
    aor = f"{target}@{caller.domain}"
    is_inside = target.isdecimal() and not target.startswith("0") and len(target) == len(caller.extension)
    if is_inside and find(aor) is None and aor not in index.answering:
        return Refuse("code.nobody", 404, "Not Found")
    return SetCalling("code.forward", caller, (("forward_always", target),))


def _pick_up(extension: str, caller: Subscriber, index: Index, find: FindSubscriber) -> PickUp | Refuse:
    if not index.role(caller.role).may(Reach.INTERNAL):
        return Refuse("route.internal_calls", 403, "Forbidden")
    if not extension:
        return PickUp("code.pick_up_group", caller, group_keys(caller))
    ringing = find(f"{extension}@{caller.domain}")
    return PickUp("code.pick_up", caller, (ringing.aor,)) if ringing else Refuse("code.nobody", 404, "Not Found")


def _unpark(extension: str, caller: Subscriber, index: Index, find: FindSubscriber) -> Unpark | Refuse:
    if not index.role(caller.role).may(Reach.INTERNAL):
        return Refuse("route.internal_calls", 403, "Forbidden")
    place = find(f"{extension or caller.extension}@{caller.domain}")
    return Unpark("code.unpark", caller, place.aor) if place else Refuse("code.nobody", 404, "Not Found")


def group_keys(subscriber: Subscriber) -> tuple[str, ...]:
    """Under what the calls to the groups of an extension are found."""
    return tuple(f"group:{subscriber.tenant_id}:{group}" for group in subscriber.groups)
