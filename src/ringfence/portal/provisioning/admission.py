"""Whether a phone gets its file: facts in, an answer out. No clock, no database."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final

from ringfence.policy.addresses import ban_key

_MAC: Final = re.compile(
    r"(?<!\b[0-9A-Fa-f]{2}[:.-])"  # inside something longer
    r"(?:(?<![0-9A-Fa-f])[0-9A-Fa-f]{12}|(?<![0-9A-Za-z])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5})(?![0-9A-Fa-f:])"
)


class Refusal(StrEnum):
    """Why there is no file. Outside only OTHER_PHONE and LOGIN can be told from "there is nothing here"."""

    ELSEWHERE = "not from its networks"
    CLOSED = "closed"
    TAKEN = "fetched by another address"
    OTHER_PHONE = "asked by another phone"
    LOGIN = "without its login"


@dataclass(frozen=True, slots=True)
class Fetch:
    """A request with the right directory in it."""

    address: str
    user_agent: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Door:
    """What guards the directory. `open_until` None is always open; `bound_to` is where the first fetch came from."""

    mac: str
    networks: tuple[str, ...] = ()
    open_until: datetime | None = None
    bound_to: str = ""
    grace_minutes: int = 0


def refusal(door: Door, fetch: Fetch) -> Refusal | None:
    """None lets it in (as far as the file exists and its login is right).

    >>> refusal(Door("001565aabbcc", ("192.0.2.0/24",)), Fetch("198.51.100.1", "", datetime.now()))
    <Refusal.ELSEWHERE: 'not from its networks'>
    """
    if door.networks and not is_within(fetch.address, door.networks):
        return Refusal.ELSEWHERE
    if door.bound_to and door.bound_to != ban_key(fetch.address):
        return Refusal.TAKEN
    if door.open_until is not None and fetch.now >= door.open_until:
        return Refusal.CLOSED
    if door.mac and claims_another(fetch.user_agent, door.mac):
        return Refusal.OTHER_PHONE
    return None


def is_alarming(door: Door, why: Refusal) -> bool:
    """A desk phone that starts again after its time asks in vain and harms nobody; everything else is worth knowing."""
    is_own_restart = why is Refusal.CLOSED and bool(door.bound_to) and door.grace_minutes > 0
    return why in (Refusal.ELSEWHERE, Refusal.TAKEN, Refusal.CLOSED, Refusal.OTHER_PHONE) and not is_own_restart


def is_within(address: str, networks: tuple[str, ...]) -> bool:
    """Whether the address lies in one of the networks; none that can be read is in none."""
    try:
        found = ip_address(address)
        return any(found in ip_network(one) for one in networks)
    except ValueError:
        return False


def claims_another(user_agent: str, mac: str) -> bool:
    """Phones write their MAC into User-Agent; one that writes only others is another phone.

    >>> claims_another("Yealink SIP-T46S 66.85.0.5 00:15:65:aa:bb:cc", "001565aabbcc")
    False
    >>> claims_another("Mozilla/4.0 (compatible; snomD735-SIP 10.1; 000413112233)", "001565aabbcc")
    True
    """
    claimed = {re.sub("[:-]", "", found).lower() for found in _MAC.findall(user_agent[:300])}
    return bool(claimed) and mac not in claimed
