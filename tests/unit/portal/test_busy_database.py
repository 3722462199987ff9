"""Whoever waits in vain for somebody else's change is told so, in REST and on pages (docs/rest.md)."""

import sqlite3

import psycopg
import pytest
from django.db import OperationalError

from ringfence.portal.busy_database import is_busy
from ringfence.portal.tenants.models import Tenant
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import signed_in_browser


def _wrapped(cause: Exception) -> OperationalError:
    """As Django hands it on."""
    error = OperationalError("said by Django")
    error.__cause__ = cause
    return error


def _of_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "busy"),
    [
        (_wrapped(_of_sqlite(sqlite3.SQLITE_BUSY)), True),
        (_wrapped(_of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT)), True),
        (_wrapped(_of_sqlite(sqlite3.SQLITE_FULL)), False),
        (_wrapped(psycopg.errors.LockNotAvailable("lock")), True),
        (_wrapped(psycopg.errors.UniqueViolation("twice")), False),
        (ValueError("other"), False),
    ],
)
def test_what_a_busy_database_is(error: Exception, busy: bool) -> None:
    assert is_busy(error) is busy


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise _wrapped(_of_sqlite(sqlite3.SQLITE_BUSY))

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
