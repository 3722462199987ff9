"""Whoever waits in vain for somebody else's change is told so, in REST and on pages (docs/rest.md)."""

import sqlite3

import psycopg
import pytest

from ringfence.portal.busy_database import is_busy
from ringfence.portal.tenants.models import Tenant
from tests.unit.portal.faults import of_sqlite, wrapped
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import signed_in_browser


@pytest.mark.parametrize(
    ("error", "busy"),
    [
        (wrapped(of_sqlite(sqlite3.SQLITE_BUSY)), True),
        (wrapped(of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT)), True),
        (wrapped(of_sqlite(sqlite3.SQLITE_FULL)), False),
        (wrapped(psycopg.errors.LockNotAvailable("lock")), True),
        (wrapped(psycopg.errors.UniqueViolation("twice")), False),
        (ValueError("other"), False),
    ],
)
def test_what_a_busy_database_is(error: Exception, busy: bool) -> None:
    assert is_busy(error) is busy


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise wrapped(of_sqlite(sqlite3.SQLITE_BUSY))

    monkeypatch.setattr(Tenant, "save", refuse)


@pytest.mark.usefixtures("locked")
def test_rest_says_503_and_that_nothing_was_changed(site: Site) -> None:
    refused = site.admin.refusal("POST", "tenants", {"name": "Late", "domain": "late.example"})
    assert (refused["status"], refused["error_id"]) == (503, "storage.busy")


@pytest.mark.usefixtures("locked")
def test_a_page_says_it_too(site: Site) -> None:
    answer = signed_in_browser("admin").post(
        "/tenants/new", {"name": "Late", "domain": "late.example", "time_zone": "UTC"}, secure=True
    )
    assert answer.status_code == 503
    assert "Another change takes long" in answer.content.decode()
