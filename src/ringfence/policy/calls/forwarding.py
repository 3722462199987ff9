"""Where a call goes that an extension does not take itself: forwards and do not disturb, judged when the call comes.

A forward is a call of whoever set it: the forwarder is judged and charged, never the caller (attack case 112).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.calling import Calling
from ringfence.policy.calls.services import Missed
from ringfence.policy.calls.voicemail import voicemail_number
from ringfence.policy.model import CallOutside, PlayService, Refuse, RingExtension, RingList, Verdict

MOST_FORWARDS: Final = 5
"""A call that was forwarded so often goes no further (attack case 41; RFC 3261 section 16.3, loops)."""

FOR_HELP: Final = Refuse("forward.emergency", 480, "Temporarily Unavailable")
"""A forward, a 302 or a group's next number leads to no emergency number (RFC 6881): somebody has to
want help now. Whoever answers a call and transfers it there does.
"""

Judge = Callable[[Subscriber, Subscriber, str], Verdict]
"""Judges a call to a number: who is shown, who pays, what is called."""


class Occasion(StrEnum):
    """Why an extension does not take a call itself."""

    ALWAYS = "always"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    OFFLINE = "offline"


_MISSED: Final = {
    Occasion.BUSY: Missed.BUSY,
    Occasion.NO_ANSWER: Missed.NO_ANSWER,
    Occasion.OFFLINE: Missed.OFFLINE,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call on its way: `caller` is shown, `payer` is charged, `path` holds who forwarded it so far."""

    caller: Subscriber
    payer: Subscriber
    number: str
    path: tuple[str, ...] = ()


def follow(attempt: Attempt, judge: Judge) -> Verdict:
    """The verdict on a call, after every forward that applies whether or not the extension rings."""
    while True:
        verdict = judge(attempt.caller, attempt.payer, attempt.number)
        if isinstance(verdict, CallOutside) and verdict.emergency and attempt.path:
            verdict = FOR_HELP
        if isinstance(verdict, Refuse) and attempt.path:
            return Refuse(verdict.rule, 480, "Temporarily Unavailable", attempt.payer.aor)
        if isinstance(verdict, RingList):
            return _onto_list(verdict, attempt.path)
        if not isinstance(verdict, RingExtension):
            return verdict
        callee = verdict.callee
        if callee.aor in attempt.path:
            return Refuse("forward.loop", 482, "Loop Detected")
        occasion = _unasked(callee.calling)
        if occasion is None:
            return replace(verdict, path=attempt.path)
        number = number_for(callee, occasion)
        if not number:
            return Refuse("forward.do_not_disturb", 486, "Busy Here")
        if len(attempt.path) >= MOST_FORWARDS:
            return Refuse("forward.hops", 482, "Loop Detected")
        attempt = forwarded(attempt.caller, callee, attempt.path, number)


def _onto_list(verdict: RingList, path: tuple[str, ...]) -> Verdict:
    """A list remembers who led to it: where it goes on to may lead back to it, and so on for ever."""
    return Refuse("forward.loop", 482, "Loop Detected") if verdict.name in path else replace(verdict, path=path)


def forwarded(caller: Subscriber, forwarder: Subscriber, path: tuple[str, ...], number: str) -> Attempt:
    """The call as the forwarder's: from now on it is the one that pays."""
    return Attempt(caller, forwarder, number, (*path, forwarder.aor))


def go_on(
    caller: Subscriber, callee: Subscriber, path: tuple[str, ...], occasion: Occasion, judge: Judge
) -> Verdict | None:
    """The verdict on the forward after an extension was rung in vain; None if it has set none."""
    number = number_for(callee, occasion)
    verdict = redirected(caller, callee, path, number, judge) if number else None
    return replace(verdict, missed=_MISSED.get(occasion)) if isinstance(verdict, PlayService) else verdict


def redirected(caller: Subscriber, callee: Subscriber, path: tuple[str, ...], number: str, judge: Judge) -> Verdict:
    """The verdict on a call that an extension sends on to a number, by its settings or by its phone's 302."""
    if len(path) >= MOST_FORWARDS:
        return Refuse("forward.hops", 482, "Loop Detected")
    return follow(forwarded(caller, callee, path, number), judge)


def number_for(callee: Subscriber, occasion: Occasion) -> str:
    """Where an extension forwards to on this occasion: what it has set, else its voicemail; "" for nowhere."""
    return _forward(callee.calling, occasion) or voicemail_number(callee)


def _forward(calling: Calling, occasion: Occasion) -> str:
    match occasion:
        case Occasion.ALWAYS:
            return calling.forward_always
        case Occasion.BUSY:
            return calling.forward_busy
        case Occasion.NO_ANSWER:
            return calling.forward_no_answer
        case Occasion.OFFLINE:
            return calling.forward_offline


def occasion_of(code: int, *, heard: bool) -> Occasion | None:
    """What a final answer of the devices means; `heard` says that any of them answered anything at all.

    >>> occasion_of(486, heard=True), occasion_of(408, heard=False), occasion_of(404, heard=True)
    (<Occasion.BUSY: 'busy'>, <Occasion.OFFLINE: 'offline'>, None)
    """
    if code in (486, 600, 603):
        return Occasion.BUSY
    if code == 480:
        return Occasion.NO_ANSWER
    if code == 408:
        return Occasion.NO_ANSWER if heard else Occasion.OFFLINE
    return Occasion.OFFLINE if code in (410, 430, 503) else None


def _unasked(calling: Calling) -> Occasion | None:
    """The occasion that stands before the extension rings; do not disturb makes it busy."""
    if calling.forward_always:
        return Occasion.ALWAYS
    return Occasion.BUSY if calling.do_not_disturb else None
