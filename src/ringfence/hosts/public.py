"""The address that phones and providers outside reach this machine under, when it is none of its own: a cloud or a
router translates it. It is what SIP and SDP name then.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ringfence.hosts.addresses import Address, parsed
from ringfence.hosts.cloud import Cloud
from ringfence.hosts.jsonfile import replace_json


@dataclass(frozen=True, slots=True)
class Public:
    """`address` is told, "" for none. `follows`: it is taken from the cloud at each start. `static`: somebody said that
    it is reserved. `changed`: it was seen to change, so it is not."""

    address: str = ""
    follows: bool = False
    static: bool = False
    changed: bool = False

    @property
    def parsed(self) -> Address | None:
        return parsed(self.address)


def public_file(state: Path) -> Path:
    return state / "host" / "public.json"


def read_public(path: Path) -> Public:
    """What was set; nothing while the file is missing or cannot be understood."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        found = Public(str(stored["address"]), *(stored[name] is True for name in ("follows", "static", "changed")))
    except (OSError, ValueError, KeyError, TypeError):
        return Public()
    return found if not found.address or found.parsed else Public()


def write_public(path: Path, wanted: Public) -> None:
    """Everybody may read it: each part needs the address."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    replace_json(path, asdict(wanted), 0o644)


def followed(present: Public, recognise: Callable[[], Cloud | None]) -> Public:
    """The address as the cloud tells it now, where it is to be followed; a silent cloud changes nothing."""
    if not present.follows:
        return present
    found = recognise()
    if found is None or not found.public or found.public == present.address:
        return present
    moved = bool(present.address)
    return replace(present, address=found.public, static=present.static and not moved, changed=moved or present.changed)


def is_static(present: Public, cloud: Cloud) -> bool | None:
    """What is known of an address: what the cloud tells, what somebody said, what was seen."""
    if cloud.static is not None:
        return cloud.static
    if present.changed and not present.static:
        return False
    return True if present.static and present.address == cloud.public else None
