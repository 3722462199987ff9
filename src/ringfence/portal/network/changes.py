"""What can be done to the voice network. It belongs to the transports process, which holds the engines' files."""

from typing import Any, Final

from ringfence.portal import places, processes
from ringfence.portal.access import require, require_any
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.permissions import Permission
from ringfence.portal.transports.changes import PATIENCE, TransportsSilent, refuse_in_calls

OF_THE_RELAY: Final = ("media_dscp", "media_on")
"""What the media relay takes at its start alone: the sound of calls that are up ends with it."""


def current(actor: Actor) -> dict[str, Any]:
    """What is in force, the links that can be named, and the addresses that follow. Raises TransportsSilent."""
    require_any(actor, Permission.SYSTEM_READ, Permission.WEB_WRITE)
    return _ask("network.show")


def put_in_force(actor: Actor, values: dict[str, Any], interrupt_calls: bool = False) -> dict[str, Any]:
    """Values that are not named stay. What starts the media relay anew is refused while calls are up, unless
    `interrupt_calls`. Raises Refused, Conflict or TransportsSilent; nothing is changed then.
    """
    require(actor, Permission.WEB_WRITE)
    before = _ask("network.show")["settings"]
    changed = {name: value for name, value in values.items() if before.get(name) != value}
    if not interrupt_calls and any(name in OF_THE_RELAY for name in changed):
        refuse_in_calls()
    after = _ask("network.change", settings=values)
    if after["settings"] != before:
        with change(actor) as draft:
            draft.record("voice_network.changed", "", "Voice network", before, after["settings"])
    return after


def _ask(verb: str, **args: Any) -> dict[str, Any]:
    silent = TransportsSilent(
        detail="The process that changes the voice network does not answer; nothing was changed. It is restarted by "
        "itself; see: ringfence logs transports"
    )
    return processes.ask(places.PATHS.transports_socket, silent, verb, PATIENCE, **args)
