"""Who was registered when the core ended, and what they registered with: written before its start, read once by it.

Each line: Unix time at which the registration ends, then the facts.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ringfence.journal.reader import Event

BETWEEN: Final = "|"
"""Stands between the facts, here and in `core.cfg`; a fact that holds one makes the message not plain."""

FACTS: Final = 11
"""Source, its port, our address, our port, Request-URI, its host, From, To, User-Agent, Contact, Expires."""

ASKED: Final = 3
"""Facts that only the REGISTER tells: Request-URI, Contact, Expires."""

_HEARD_ON: Final = "udp:"


class Returning(NamedTuple):
    """One registration of one device over UDP."""

    until: int
    facts: tuple[str, ...]


def write_returning(path: Path, expected: Iterable[Returning]) -> None:
    """Replaces the file in one step. Nobody is expected if the last one was not read to its end: then a broken store
    may have ended the core over it, and would again.
    """
    unfinished = _being_read(path)
    if unfinished.exists():
        unfinished.unlink()
        expected = ()
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.writelines(f"{one.until}|{BETWEEN.join(one.facts)}\n" for one in expected)
    fresh.replace(path)


def read_returning(path: Path) -> Iterator[Returning]:
    """What was written, once; nothing if there is none. Raises OSError or ValueError on what cannot be read."""
    if not path.exists():
        return
    taken = path.replace(_being_read(path))
    with taken.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            until, *facts = line.rstrip("\n").split(BETWEEN)
            if len(facts) == FACTS and until.isdecimal():
                yield Returning(int(until), tuple(facts))
    taken.unlink()


def _being_read(path: Path) -> Path:
    return path.with_suffix(".read")


def returning_of(event: Event) -> Returning | None:
    """What the phone of this `registration.saved` is expected to send; None if no such fact was told.

    Raises KeyError, TypeError, ValueError or AttributeError on an event that lacks what workers write.
    """
    asked = event.get("asked", "").split(BETWEEN)
    if len(asked) != ASKED:
        return None
    target, contact, expires = asked
    source, port, sender = event["source"], str(event["port"]), f"sip:{event['aor']}"
    uri, domain = contact[1:].partition(">")[0], sender.partition("@")[2]
    for item in event["contacts"]:
        if item["uri"] == uri and item["received"] == f"sip:{source}:{port}" and item["socket"].startswith(_HEARD_ON):
            own, own_port = item["socket"][len(_HEARD_ON) :].split(":")
            ways = (source, port, own, own_port)
            facts = (*ways, target, domain, sender, sender, event["user_agent"], contact, expires)
            return Returning(int(item["expires_at"]), facts)
    return None
