"""The one table pattern: search, filters, order, keyset pages, bulk actions, CSV (attack case 96)."""

import csv
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Extension, Person, Role
from ringfence.portal.people.table import extensions_of, users_table
from ringfence.portal.tables import Column, Empty, Part, Remote, Table, answer, shown
from ringfence.portal.tables.page import ROWS
from ringfence.portal.tenants.models import Tenant
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser

SYSTEM = Actor("admin", administers_system=True)


def many_users(tenant_id: int, count: int) -> None:
    """Rows without digests: enough for lists."""
    tenant, role = Tenant.objects.get(pk=tenant_id), Role.objects.get(name="Standard User")
    people = Person.objects.bulk_create(
        Person(username=f"{n}@{tenant.domain}", display_name=f"Name {n % 7}", tenant=tenant, role=role)
        for n in range(2000, 2000 + count)
    )
    Extension.objects.bulk_create(
        Extension(person=person, tenant=tenant, number=person.username.partition("@")[0], sealed_secret=b"")
        for person in people
    )


def walk(query: str, actor: Actor = SYSTEM) -> list[list[str]]:
    """Every page from this query on, following "Next"."""
    pages = []
    while query is not None:
        page = shown(users_table(actor), QueryDict(query), extensions_of(actor))
        pages.append([row.aor for row in page.rows])
        if not page.next:
            return pages
        query = page.next.removeprefix("?")
    return pages


@pytest.mark.parametrize("order", ["extension", "-extension", "name", "-name", "tenant"])
def test_every_row_is_on_exactly_one_page_in_every_order(site: Site, order: str) -> None:
    many_users(site.tenants["a"], 3 * ROWS)
    pages = walk(f"sort={order}")
    seen = [aor for page in pages for aor in page]
    assert len(seen) == len(set(seen)) == 3 * ROWS + 4
    assert {len(page) for page in pages[:-1]} == {ROWS}


def test_the_way_back_shows_the_same_rows(site: Site) -> None:
    many_users(site.tenants["a"], 3 * ROWS)
    table, rows = users_table(SYSTEM), extensions_of(SYSTEM)
    first = shown(table, QueryDict("sort=name"), rows)
    second = shown(table, QueryDict(first.next.removeprefix("?")), rows)
    back = shown(table, QueryDict(second.previous.removeprefix("?")), rows)
    assert [row.pk for row in back.rows] == [row.pk for row in first.rows]
    assert not first.previous


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "bm90IGpzb24", "WzEsMiwzLDQsNV0", "a" * 5000, "W251bGwsbnVsbCxudWxsXQ", "%00", "'--"]
)
def test_a_forged_place_shows_the_first_page(site: Site, cursor: str) -> None:
    client = browser()
    for name in ("after", "before"):
        answer = client.get("/users", {name: cursor}, secure=True)
        assert answer.status_code == 200
        assert b"100" in answer.content


@pytest.mark.parametrize(
    "query", ["sort=password", "sort=--name", "role=999", "state=x", "tenant=1;drop", "search=%00"]
)
def test_what_is_asked_wrongly_is_ignored(site: Site, query: str) -> None:
    assert browser().get(f"/users?{query}", secure=True).status_code == 200


def test_filters_and_search_stay_in_the_links(site: Site) -> None:
    many_users(site.tenants["a"], 2 * ROWS)
    page = shown(
        users_table(SYSTEM), QueryDict(f"search=20&tenant={site.tenants['a']}&sort=-name"), extensions_of(SYSTEM)
    )
    assert page.count == 100
    for link in (page.next, page.query, page.headings[0]["link"]):
        assert "search=20" in link
        assert f"tenant={site.tenants['a']}" in link


def test_a_page_costs_the_same_queries_and_rows_however_long_the_list(site: Site) -> None:
    def cost() -> tuple[int, int]:
        client = browser()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/users?sort=name", secure=True).status_code == 200
        limits = [
            int(found) for query in queries.captured_queries for found in re.findall(r"LIMIT (\d+)", query["sql"])
        ]
        assert not any("OFFSET" in query["sql"] for query in queries.captured_queries)
        return len(queries), max(limit for limit in limits if limit < 100_000)

    many_users(site.tenants["b"], 2 * ROWS)
    few = cost()
    many_users(site.tenants["a"], 5 * ROWS)
    assert cost() == few


def test_a_tenant_administrators_table_and_file_hold_only_the_own_tenant(site: Site) -> None:
    client = browser("100@a.example")
    for query in ("", "?format=csv", f"?tenant={site.tenants['b']}", "?search=b.example"):
        text = client.get(f"/users{query}", secure=True).content.decode()
        assert "101@b" not in text
        assert "Tenant b" not in text


def read(content: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_csv_file_has_all_that_the_filters_leave_and_no_formula(site: Site) -> None:
    """Attack case 96: a caller's name must not become a formula in the administrator's spreadsheet."""
    many_users(site.tenants["a"], 2 * ROWS)
    Person.objects.filter(username="101@a.example").update(display_name='=HYPERLINK("http://evil.example","x")')
    client = browser()
    answer = client.get(f"/users?format=csv&tenant={site.tenants['a']}", secure=True)
    rows = read(answer.content)
    assert answer["Content-Disposition"] == 'attachment; filename="users.csv"'
    assert len(rows) == 2 * ROWS + 2
    assert rows[1]["display_name"].startswith("'=HYPERLINK")
    assert not {"ha1_md5", "sealed_secret"} & set(rows[0])
    assert len(read(client.get("/users?format=csv&search=101", secure=True).content)) == 2


def test_bulk_actions_change_all_marked_users_or_none(site: Site) -> None:
    client = browser("100@a.example")
    mine, foreign, myself = (site.users[aor] for aor in ("101@a.example", "101@b.example", "100@a.example"))
    client.post("/users/bulk", {"action": "deactivate", "id": [mine, foreign]}, secure=True)
    client.post("/users/bulk", {"action": "delete", "id": [mine, myself]}, secure=True)
    client.post("/users/bulk", {"action": "promote", "id": [mine]}, secure=True)
    assert Person.objects.get(pk=mine).is_active
    assert Person.objects.filter(pk__in=[mine, foreign, myself]).count() == 3
    client.post("/users/bulk", {"action": "deactivate", "id": [mine]}, secure=True)
    assert not Person.objects.get(pk=mine).is_active


def test_registrations_come_page_by_page_from_the_guard(site: Site) -> None:
    contact = {"uri": "sip:x@192.0.2.1", "expires_at": 2e9, "user_agent": "<img onerror=x>"}
    site.guard.answers["registrations.list"] = [
        {"aor": f"{n}@a.example", "source": "192.0.2.1", "contacts": [contact]} for n in range(100, 180)
    ]
    client = browser("100@a.example")
    first = client.get("/registrations", secure=True).content.decode()
    assert "149@a.example" in first
    assert "150@a.example" not in first
    assert "<img" not in first
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link
    second = client.get("/registrations" + link[1].replace("&amp;", "&"), secure=True).content.decode()
    assert "150@a.example" in second
    assert "149@a.example" not in second


def test_htmx_gets_the_table_alone(site: Site) -> None:
    part = browser().get("/users", secure=True, headers={"HX-Request": "true", "HX-Target": "table"}).content.decode()
    assert part.lstrip().startswith('<div class="card table-card"')


def test_lists_that_the_guard_holds_are_saved_whole(site: Site) -> None:
    """Issue 4, 7: live lists are exported too, page by page, and not as an empty file when nobody answers."""
    told = {"scope": "sip", "rule": "x", "reason": "=1+1", "by": "guard", "since": 1.0, "until": 4e9}
    site.guard.answers["bans.list"] = [{"address": f"192.0.2.{n}", **told} for n in range(1, 4)]  # type: ignore[assignment]
    client = browser()
    rows = read(client.get("/ip-blacklist?format=csv", secure=True).content)
    assert [row["address"] for row in rows] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert (rows[0]["reason"], rows[0]["since"]) == ("'=1+1", "1970-01-01T00:00:01+00:00")
    site.guard.stop()
    page = client.get("/ip-blacklist?format=csv", secure=True)
    assert "text/html" in page["Content-Type"]


def test_a_list_is_walked_to_its_end() -> None:
    everything = [{"place": f"{n:04}"} for n in range(1_203)]

    def page(search: str, after: str, before: str, size: int) -> tuple[Part, int]:
        rest = [row for row in everything if row["place"] > after]
        return Part(rest[:size], bool(after), len(rest) > size), len(everything)

    table = Table(
        name="rows", path="/rows", row="", columns=(Column("place", "Place"),), order="", empty=Empty("x", "", ""),
        export=(("place", lambda row: row["place"]),),
    )  # fmt: skip
    request = RequestFactory().get("/rows?format=csv")
    content = answer(request, table, Remote(page, lambda row: str(row["place"])), "").content
    assert [row["place"] for row in read(content)] == [row["place"] for row in everything]
