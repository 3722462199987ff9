"""One way to change anything: rows, audit and what must be published commit together; then the policy store follows.

If the store cannot be written after the commit, the change stays saved, is marked pending and retried every second by
`manage ingest` and on start; the caller gets PublishPending (503). The database is the truth, the store catches up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from ringfence.portal.actor import Actor

SECRET_CHANGED = "changed"  # noqa: S105 what the audit log says instead of a secret


@dataclass(slots=True)
class Change:
    """What one change leaves behind besides its rows."""

    actor: Actor
    entries: list[dict[str, Any]] = field(default_factory=list)
    touches_rules: bool = False
    touches_entries: bool = False
    aors: list[str] = field(default_factory=list)
    lookups: list[str] = field(default_factory=list)

    def record(
        self,
        action: str,
        object_id: object,
        label: str,
        old: dict[str, Any] | None = None,
        new: dict[str, Any] | None = None,
        tenant_id: int | None = None,
    ) -> None:
        """Adds an audit entry; only fields that differ are kept. A page that is saved unchanged leaves none."""
        before, after = old or {}, new or {}
        changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        if before and after and not changed:
            return
        values = {key: {"old": before.get(key), "new": after.get(key)} for key in changed}
        self.entries.append(
            {
                "action": action,
                "object_id": str(object_id),
                "object_label": label,
                "changes": values,
                "tenant_id": tenant_id,
            }
        )

    def rules(self) -> None:
        self.touches_rules = True

    def address_entries(self) -> None:
        self.touches_entries = True

    def subscriber(self, aor: str) -> None:
        self.aors.append(aor)

    def lookup(self, key: str) -> None:
        """Something that workers look up; a bare kind and a slash, as in `rate/`, for all of that kind."""
        self.lookups.append(key)

    @property
    def touches_policy(self) -> bool:
        return bool(self.touches_rules or self.touches_entries or self.aors or self.lookups)


@contextmanager
def change(actor: Actor) -> Iterator[Change]:
    """Runs a change in one transaction. Raises PublishPending if it is saved but not in force yet."""
    from ringfence.portal import publish
    from ringfence.portal.audit.chain import append
    from ringfence.portal.confirm.changes import keep

    draft = Change(actor)
    with transaction.atomic():
        yield draft
        keep(draft)
        for entry in draft.entries:
            append(actor, **entry)
        if draft.touches_policy:
            publish.mark(draft)
            transaction.on_commit(publish.publish_pending)
