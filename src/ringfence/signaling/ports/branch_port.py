"""The part of the typed port to Kamailio that is about single branches of a call, beside `ksr.py` and by its rules."""

from collections.abc import Iterable

import KSR

from ringfence.signaling.ports.ksr import _yes, fetch_bindings, free_bindings, number, text


def on_branch_failure(name: str) -> bool:
    """A route of the script for each device that refuses while others still ring. Its whole name: Kamailio makes an
    empty route of one that it does not know.
    """
    return _yes(KSR.tm.t_on_branch_failure(f"tm:branch-failure:{name}"))


def ring_on_after_6xx(on: bool) -> None:
    """Whether a 6xx of one branch leaves the others ringing (RFC 3261 section 16.7: it does not)."""
    KSR.tm.t_set_disable_6xx(int(on))


def branch_code() -> int:
    """What the device answered whose refusal this route is about."""
    return number("$T_reply_code")


def device_answers_for(aors: Iterable[str]) -> str:
    """Whose device sent this reply, among these; "" for none of them."""
    return _owner_of(device_that_answered(), aors)


def device_that_answered() -> str:
    """Kamailio's name of the binding that this reply, or this failure of a branch, came from."""
    return text("$T_reply_ruid")


def device_of_branch() -> str:
    """The same of the one that this branch goes to."""
    return text("$ruid")


def _owner_of(ruid: str, aors: Iterable[str]) -> str:
    for aor in aors if ruid else ():
        if fetch_bindings(aor):
            known = {text(f"$(ulc(saved=>ruid)[{index}])") for index in range(number("$ulc(saved=>count)"))}
            free_bindings()
            if ruid in known:
                return aor
    return ""


def device_rung_by(aors: Iterable[str]) -> str:
    """Whose device this branch goes to, among these; "" for none of them."""
    return _owner_of(device_of_branch(), aors)
