"""Server time of the big tables with 100,000 rows: `python -m tools.table_times [postgresql://...]`.

Fills a database of its own (a fresh SQLite file, or the given empty PostgreSQL database), asks each page three times
and prints the best time in milliseconds. The goal is 300 ms.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

ROWS: Final = 100_000
TENANTS: Final = 10
TRIES: Final = 3
PAGES: Final = (
    "/users", "/users?sort=-extension", "/users?sort=name", "/users?sort=tenant", "/users?search=Name+5",
    "/users?search=nobody", "/users?state=off", "/cdrs", "/cdrs?sort=duration", "/cdrs?search=999", "/cdrs?days=7",
    "/cdrs/days.json", "/audit-log", "/audit-log?sort=who", "/audit-log?search=77", "/tenants", "/",
)  # fmt: skip


def main(url: str) -> None:
    home = Path(tempfile.mkdtemp(prefix="table-times-"))
    os.environ |= {"RINGFENCE_STATE_DIR": str(home / "state"), "RINGFENCE_RUN_DIR": str(home / "run")}
    os.environ |= {"DJANGO_SETTINGS_MODULE": "ringfence.portal.settings", "RINGFENCE_DATABASE_URL": url}
    import django

    django.setup()
    from django.core.management import call_command

    call_command("prepare", verbosity=0)
    for page, best in times(fill()):
        print(f"{best * 1000:7.1f} ms  {page}")


def fill() -> Any:
    """Tenants, people, call records and audit entries. Returns the administrator."""
    from django.db import connection
    from django.utils import timezone

    from ringfence.portal.audit.models import Entry
    from ringfence.portal.calls.models import CallRecord
    from ringfence.portal.people.models import Extension, Person, Role
    from ringfence.portal.system.models import Installation
    from ringfence.portal.tenants.models import Tenant

    now, role = timezone.now(), Role.objects.get(name="Standard User")
    Installation.objects.update_or_create(pk=1, defaults={"set_up_at": now})
    tenants = [Tenant.objects.create(name=f"Tenant {n}", domain=f"t{n}.example") for n in range(TENANTS)]
    people = Person.objects.bulk_create(
        (Person(username=f"{n + 100}@t{n % TENANTS}.example", display_name=f"Name {n % 977} {n}",
                tenant=tenants[n % TENANTS], role=role) for n in range(ROWS)), batch_size=5000,
    )  # fmt: skip
    Extension.objects.bulk_create(
        (Extension(person=person, tenant_id=person.tenant_id, number=person.username.partition("@")[0],
                   sealed_secret=b"") for person in people), batch_size=5000,
    )  # fmt: skip
    CallRecord.objects.bulk_create(
        (CallRecord(call_id=str(n), tenant=tenants[n % TENANTS], caller=people[n].username, dialled=str(n),
                    started_at=now - timedelta(seconds=n * 30), ended_at=now) for n in range(ROWS)), batch_size=5000,
    )  # fmt: skip
    Entry.objects.bulk_create(
        (Entry(id=n, at=now.isoformat(), actor="admin", action="user.created", object_label=str(n))
         for n in range(1000, ROWS)), batch_size=5000,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Person.objects.create(username="admin", display_name="Administrator", is_system_administrator=True)


def times(person: Any) -> Iterator[tuple[str, float]]:
    """Each page with its best time in seconds."""
    from django.test import RequestFactory
    from django.urls import resolve

    for page in PAGES:
        taken = []
        for _ in range(TRIES):
            request = RequestFactory().get(page, secure=True)
            request.user, request._messages = person, ()  # type: ignore[attr-defined]
            begun = time.perf_counter()
            found = resolve(request.path)
            answer = found.func(request, *found.args, **found.kwargs)
            taken.append(time.perf_counter() - begun)
            if answer.status_code != 200:
                raise RuntimeError(f"{page} answered {answer.status_code}")
        yield page, min(taken)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
