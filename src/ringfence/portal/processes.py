"""Asking the processes that change the engines: the one way, with one answer for silence and one for a refusal."""

from pathlib import Path
from typing import Any

from ringfence import guardlink
from ringfence.guardlink import GuardRefusal, GuardUnreachable
from ringfence.policy.settings import Problem
from ringfence.portal.confirm.trial import refuse_lasting
from ringfence.portal.problems import Refused, Unavailable


def ask(socket: Path, silent: Unavailable, verb: str, timeout: float, **args: Any) -> dict[str, Any]:
    """The process's answer. Raises `silent` when there is none, or Refused with its reason; nothing is changed then."""
    refuse_lasting(verb)
    try:
        answer: dict[str, Any] = guardlink.ask(socket, verb, timeout, **args)
    except GuardUnreachable as error:
        raise silent from error
    except GuardRefusal as error:
        raise Refused([Problem(error.field, error.error_id, error.message)]) from error
    return answer
