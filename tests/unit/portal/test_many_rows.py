"""Long lists over REST: what a page costs does not grow with the list (100,000 extensions in docs/performance.md)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from ringfence.portal.calls.models import CallRecord
from ringfence.portal.people.models import Extension, Person, Role
from tests.unit.portal.rest import Site

ROWS = 1_200
PAGE = 50
MOST_QUERIES = 12
"""Token, its last use, settings, savepoints, the page and its count: none of them for each row."""


def many_users(tenant_id: int, domain: str, rows: int = ROWS) -> None:
    role = Role.objects.get(name="Standard User")
    people = [
        Person(username=f"{n}@{domain}", display_name=f"Phone {n}", tenant_id=tenant_id, role=role, password="!")
        for n in range(100_000, 100_000 + rows)
    ]
    made = Person.objects.bulk_create(people, batch_size=2000)
    extensions = [
        Extension(person=person, tenant_id=tenant_id, number=person.username.partition("@")[0], sealed_secret=b"x")
        for person in made
    ]
    Extension.objects.bulk_create(extensions, batch_size=2000)


def many_records(tenant_id: int, rows: int = ROWS) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    CallRecord.objects.bulk_create(
        [CallRecord(call_id=str(n), tenant_id=tenant_id, started_at=moment, ended_at=moment) for n in range(rows)],
        batch_size=2000,
    )


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that the block sends."""
    sent: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield sent


@pytest.mark.parametrize("path", ["users", "cdrs", "audit-log", "roles", "tenants", "groups"])
def test_a_page_asks_few_questions_and_fetches_no_more_than_it_shows(site: Site, path: str) -> None:
    many_users(site.tenants["a"], "a.example")
    many_records(site.tenants["a"])
    with counted() as sent:
        page = site.a.get(f"{path}?limit={PAGE}")
    assert len(sent) <= MOST_QUERIES, sent
    listed = [sql for sql in sent if sql.startswith("SELECT") and "COUNT(" not in sql and "people_apitoken" not in sql]
    assert all("LIMIT" in sql for sql in listed), listed
    assert len(page["items"]) <= PAGE


@pytest.mark.parametrize("path", ["users", "cdrs"])
def test_the_last_page_skips_no_row(site: Site, path: str) -> None:
    """`next` names a place, so the database jumps there; OFFSET would walk through all rows before it."""
    many_users(site.tenants["a"], "a.example")
    many_records(site.tenants["a"])
    page = site.a.get(f"{path}?limit=500")
    while page["next"]:
        with counted() as sent:
            page = site.a.get(f"{path}?limit=500&after={page['next']}")
        assert not any("OFFSET" in sql for sql in sent)
    assert page["items"]
