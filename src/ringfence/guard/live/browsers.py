"""Which device registered with which credential of a browser, so that it goes in the moment that is taken back."""

from typing import Final

from ringfence.journal.reader import Event

MOST_DEVICES: Final = 8
"""Of one address of record; the oldest are forgotten first."""


class Browsers:
    """The credential of each device, by address of record and Contact."""

    def __init__(self) -> None:
        self._by_aor: dict[str, dict[str, str]] = {}

    def saw(self, event: Event) -> None:
        """An accepted REGISTER of a browser."""
        devices = self._by_aor.setdefault(event["aor"], {})
        devices.pop(event["contact"], None)
        devices[event["contact"]] = event["name"]
        if len(devices) > MOST_DEVICES:
            del devices[next(iter(devices))]

    def forget(self, aor: str) -> None:
        """All devices of this address of record are gone."""
        self._by_aor.pop(aor, None)

    def take(self, aor: str, names: frozenset[str]) -> list[str]:
        """The Contacts that were registered last with one of these credentials; they are forgotten here."""
        devices = self._by_aor.get(aor, {})
        found = [contact for contact, name in devices.items() if name in names]
        for contact in found:
            del devices[contact]
        if not devices:
            self._by_aor.pop(aor, None)
        return found
