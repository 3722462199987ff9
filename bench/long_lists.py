"""Server time of every list with 100,000 extensions, call records and audit entries; `python -m bench.long_lists`.

Asked through Django's test client by the administrator of the one long tenant. `RINGFENCE_TEST_DATABASE=postgresql`
measures on a private PostgreSQL instead of SQLite. Prints the fastest of five in milliseconds; ends with 1 if one of
them misses the goal.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest import mock

from tests.unit.portal.databases import TestDatabase, database

ROWS: Final = 100_000
GOAL: Final = 300.0
REPEATS: Final = 5
PAGES: Final = (
    "/users", "/users?search=Phone+199", "/users?search=nobody", "/users?search=1999", "/users?search=example",
    "/users?sort=-name", "/users?role=3", "/users?state=off", "/cdrs", "/cdrs?search=9999", "/cdrs?sort=duration",
    "/cdrs?result=answered", "/audit-log", "/audit-log?search=nobody", "/audit-log?area=user.", "/roles", "/groups",
    "/my/calls", "/",
)  # fmt: skip
CALLS: Final = (
    "users", "users?limit=500", "users?offset=99000", "users?search=nobody", "users?search=Phone 1999",
    "users?search=1999", "cdrs", "cdrs?offset=99000", "audit-log", "audit-log?offset=99000", "roles", "groups",
)  # fmt: skip


@contextmanager
def _portal(folder: Path) -> Iterator[TestDatabase]:
    places = {"RINGFENCE_STATE_DIR": f"{folder}/state", "RINGFENCE_RUN_DIR": f"{folder}/run"}
    with mock.patch.dict("os.environ", places | {"DJANGO_SETTINGS_MODULE": "ringfence.portal.settings"}):
        (folder / "run").mkdir()
        with database(folder) as kept:
            import django

            django.setup()
            yield kept


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ringfence-lists-") as name, _portal(Path(name)):
        return _measure()


def _measure() -> int:
    from django.core.management import call_command
    from django.db import connection, connections
    from django.test import Client
    from django.test.utils import setup_test_environment

    from ringfence.portal import places
    from ringfence.portal.people.models import Person
    from tests.unit.portal.fakeguard import FakeGuard
    from tests.unit.portal.rest import PASSWORD, Site

    setup_test_environment()
    call_command("prepare")
    guard = FakeGuard(places.GUARD_SOCKET)
    guard.start()
    site = Site.build(guard)
    _fill(site.tenants["a"])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    browser = Client()
    assert browser.post("/sign-in", {"username": "100@a.example", "password": PASSWORD}, secure=True).status_code == 302
    assert Person.objects.count() > ROWS
    slow = 0
    for path in PAGES:
        slow += _report(f"page {path}", partial(browser.get, path, secure=True, REMOTE_ADDR="192.0.2.50"))
    for path in (*CALLS, *_last_pages(site.a)):
        slow += _report(f"GET {path}", partial(site.a.call, "GET", path))
    guard.stop()
    connections.close_all()
    return 1 if slow else 0


def _last_pages(rest: Any) -> Iterator[str]:
    """The page near the end of each list, by `after`."""
    for name in ("users", "cdrs"):
        yield f"{name}?after={rest.get(f'{name}?offset=99000')['next']}"


def _report(name: str, ask: Callable[[], Any]) -> bool:
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - begun) * 1000)
    status = answer[0] if isinstance(answer, tuple) else answer.status_code
    print(f"{min(times):7.0f} ms  {status}  {name}{'  MISSED' if min(times) > GOAL else ''}", flush=True)
    return min(times) > GOAL


def _fill(tenant_id: int) -> None:
    from ringfence.portal.audit.models import ChainHead, Entry
    from ringfence.portal.calls.models import CallRecord
    from tests.unit.portal.test_many_rows import many_users

    many_users(tenant_id, "a.example", ROWS)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    records = [
        CallRecord(
            call_id=str(n), tenant_id=tenant_id, caller=f"{100_000 + n}@a.example", callee="100@a.example",
            dialled="100", started_at=begin + timedelta(seconds=n), ended_at=begin + timedelta(seconds=n + 60),
            duration=n % 600, answered_at=begin if n % 2 else None,
        )
        for n in range(ROWS)
    ]  # fmt: skip
    CallRecord.objects.bulk_create(records, batch_size=2000)
    last = Entry.objects.order_by("-id").values_list("id", flat=True)[0]
    entries = [
        Entry(id=last + 1 + n, at=(begin + timedelta(seconds=n)).isoformat(), actor="100@a.example",
              action="user.changed", object_id=str(n), object_label=f"{n}@a.example", tenant_id=tenant_id,
              previous_hash="0", hash="0")
        for n in range(ROWS)
    ]  # fmt: skip
    Entry.objects.bulk_create(entries, batch_size=2000)
    ChainHead.objects.update(last_id=last + ROWS)


if __name__ == "__main__":
    raise SystemExit(main())
