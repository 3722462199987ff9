"""A full disk is said as such, in REST and on pages (docs/rest.md, docs/adr/0004)."""

import errno
import sqlite3

import psycopg
import pytest

from ringfence.portal import full_disk
from ringfence.portal.tenants.models import Tenant
from tests.unit.portal.faults import of_sqlite, wrapped
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import signed_in_browser


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (wrapped(of_sqlite(sqlite3.SQLITE_FULL)), True),
        (wrapped(of_sqlite(sqlite3.SQLITE_BUSY)), False),
        (wrapped(psycopg.errors.DiskFull("could not extend file")), True),
        (wrapped(psycopg.errors.DeadlockDetected("deadlock")), False),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (PermissionError(errno.EACCES, "no"), False),
        (ValueError("other"), False),
    ],
)
def test_what_a_full_disk_is(error: Exception, full: bool) -> None:
    assert full_disk.is_full(error) is full


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise wrapped(of_sqlite(sqlite3.SQLITE_FULL))

    monkeypatch.setattr(Tenant, "save", refuse)


@pytest.mark.usefixtures("no_room")
def test_rest_says_507_and_that_nothing_was_changed(site: Site) -> None:
    refused = site.admin.refusal("POST", "tenants", {"name": "Late", "domain": "late.example"})
    assert (refused["status"], refused["error_id"]) == (507, "storage.full")


@pytest.mark.usefixtures("no_room")
def test_a_page_says_it_too(site: Site) -> None:
    answer = signed_in_browser("admin").post(
        "/tenants/new", {"name": "Late", "domain": "late.example", "time_zone": "UTC"}, secure=True
    )
    assert answer.status_code == 507
    assert "The disk is full" in answer.content.decode()
