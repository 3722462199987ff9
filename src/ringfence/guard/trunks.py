"""How each address of each trunk is doing, as the core tells it. After a restart it tells it again."""

from typing import Any, Final

from ringfence.journal.reader import Event

MOST: Final = 16_384
FIELDS: Final = ("state", "registration", "latency_ms", "detail")


class Trunks:
    """States by trunk id and address, as `7 192.0.2.1:5060`."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[bytes, dict[str, Any]]] = {}

    def seen(self, line: bytes, event: Event) -> None:
        key = f"{int(event['trunk_id'])} {str(event['address'])[:64]}"
        told: dict[str, Any] = {name: event.get(name) for name in FIELDS}
        before = self._seen.get(key)
        same = before is not None and before[1]["state"] == told["state"]
        told["changed_at"] = before[1]["changed_at"] if before is not None and same else event["t"]
        if before is not None or len(self._seen) < MOST:
            self._seen[key] = (line, told)

    def listing(self) -> dict[str, dict[str, Any]]:
        return {key: told for key, (_, told) in self._seen.items()}

    def lines(self) -> list[bytes]:
        return [line for line, _ in self._seen.values()]
