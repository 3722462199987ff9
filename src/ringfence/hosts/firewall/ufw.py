"""The plan as commands for ufw (Debian, Ubuntu). Ours carry a comment, and only those are ever removed."""

import shlex
from typing import Final
from zlib import crc32

from ringfence.hosts.firewall.plan import Opening, Plan

MARK: Final = "ringfence:"
ANY: Final = "any"


def commands(plan: Plan) -> dict[str, tuple[str, ...]]:
    """For each rule its mark and the argument list that makes it; run as it is, without a shell."""
    return {
        _mark(opening, source or ANY, place): _allow(opening, source or ANY, place)
        for opening in plan.openings
        for source, place in opening.pairs()
    }


def _mark(opening: Opening, source: str, place: str) -> str:
    """Changes with everything in the rule: a rule that got narrower must not stay beside its wider self."""
    rule = " ".join(filter(None, (str(opening.transport), opening.ports, source, place)))
    return f"{opening.key}:{crc32(rule.encode()):08x}"


def _allow(opening: Opening, source: str, place: str) -> tuple[str, ...]:
    ports = opening.ports.replace("-", ":")
    rule = ("proto", str(opening.transport), "from", source, "to", place or ANY, "port", ports)
    return ("ufw", "allow", *rule, "comment", f"{MARK}{_mark(opening, source, place)}")


def render(plan: Plan) -> str:
    """The commands as a script for people to read and run."""
    lines = [shlex.join(command) for command in commands(plan).values()]
    limits = [f"# {limit.text}" for limit in plan.limits]
    return "\n".join(["#!/bin/sh -e", *limits, *lines, "ufw --force enable", ""])


def marked(status: str) -> set[str]:
    """The marks of our rules in what `ufw status` prints.

    >>> marked("5060/udp  ALLOW  Anywhere  # ringfence:sip-udp-5060:0a0b0c0d")
    {'sip-udp-5060:0a0b0c0d'}
    """
    return {line.partition(f"# {MARK}")[2].strip() for line in status.splitlines() if f"# {MARK}" in line}


def deletions(status: str, marks: set[str]) -> tuple[int, ...]:
    """The numbers of these rules of ours in `ufw status numbered`, the last first: deleting keeps the rest right.

    >>> deletions("[ 1] 22/tcp ALLOW IN Anywhere\\n[ 2] 5060/udp ALLOW IN Anywhere # ringfence:old\\n", {"old"})
    (2,)
    """
    found = [line for line in status.splitlines() if marked(line) & marks]
    return tuple(sorted((int(line.partition("[")[2].partition("]")[0]) for line in found), reverse=True))
