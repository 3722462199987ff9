"""How each address of each trunk is doing, as the core tells it. After a restart it tells it again."""

from typing import Any, Final

from ringfence.journal.reader import Event

MOST: Final = 16_384
FIELDS: Final = ("state", "registration", "latency_ms", "detail")
NOT_REGISTERED: Final = ("refused", "unanswered")
UNHEARD: Final[dict[str, Any]] = {
    "state": "unknown",
    "registration": "",
    "latency_ms": None,
    "detail": "",
    "changed_at": None,
}


class Trunks:
    """States by trunk id and address, as `7 192.0.2.1:5060`."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, Any]] = {}
        self._lines: dict[tuple[str, bool], bytes] = {}

    def seen(self, line: bytes, event: Event) -> None:
        key = f"{int(event['trunk_id'])} {str(event['address'])[:64]}"
        before = self._seen.get(key, UNHEARD)
        told: dict[str, Any] = {**before, **{name: event[name] for name in FIELDS if name in event}}
        if "registration" not in event and told["registration"] in NOT_REGISTERED:
            told["detail"] = told["detail"] or before["detail"]  # an answer to OPTIONS does not say why it was refused
        if (told["state"], told["registration"]) != (before["state"], before["registration"]):
            told["changed_at"] = event["t"]
        if key in self._seen or len(self._seen) < MOST:
            self._seen[key] = told
            self._lines[key, "registration" in event] = line

    def listing(self) -> dict[str, dict[str, Any]]:
        return self._seen

    def lines(self) -> list[bytes]:
        return list(self._lines.values())
