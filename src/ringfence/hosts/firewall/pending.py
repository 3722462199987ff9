"""What was applied last, and an apply that waits for its confirmation: two files of root's, so that both survive."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ringfence.hosts.firewall.active import FrontEnd
from ringfence.hosts.firewall.apply import NOTHING, Undo
from ringfence.hosts.firewall.plan import Opening, Plan
from ringfence.hosts.jsonfile import replace_json
from ringfence.hosts.ports import Transport


@dataclass(frozen=True, slots=True)
class Pending:
    """Taken back at `reverts_at` (Unix time, seconds) unless somebody confirms it before."""

    reverts_at: float
    undo: Undo


@dataclass(frozen=True, slots=True)
class Records:
    """The folder of the two files."""

    folder: Path

    @property
    def applied_file(self) -> Path:
        return self.folder / "applied.json"

    @property
    def pending_file(self) -> Path:
        return self.folder / "pending.json"

    def applied(self) -> Plan:
        """The plan in force, or an empty one."""
        stored = _read(self.applied_file)
        return plan_from(stored) if stored is not None else NOTHING

    def pending(self) -> Pending | None:
        stored = _read(self.pending_file)
        if stored is None:
            return None
        undo = Undo(FrontEnd(stored["front_end"]), stored["script"], plan_from(stored["plan"]))
        return Pending(float(stored["reverts_at"]), undo)

    def keep_applied(self, plan: Plan) -> None:
        self._write(self.applied_file, plain(plan))

    def keep_pending(self, undo: Undo, minutes: int) -> Pending:
        reverts_at = time.time() + 60 * minutes
        stored = {"front_end": undo.front_end, "script": undo.script, "plan": plain(undo.plan)}
        self._write(self.pending_file, {**stored, "reverts_at": reverts_at})
        return Pending(reverts_at, undo)

    def forget_pending(self) -> bool:
        """Whether something waited: of a confirmation and a revert at the same moment, one wins."""
        try:
            self.pending_file.unlink()
        except FileNotFoundError:
            return False
        return True

    def _write(self, path: Path, document: Any) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_json(path, document)


def plain(plan: Plan) -> list[dict[str, Any]]:
    """The openings as JSON values."""
    return [asdict(opening) for opening in plan.openings]


def plan_from(openings: list[dict[str, Any]]) -> Plan:
    """The plan from what `plain` made, or from what the portal prints. Raises KeyError or ValueError."""
    return Plan(
        tuple(
            Opening(
                item["key"],
                Transport(item["transport"]),
                int(item["first"]),
                int(item["last"]),
                item["reason"],
                tuple(item["sources"]),
                tuple(item.get("destinations", ())),
            )
            for item in openings
        )
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
