"""Extensions from a CSV file: a dry run names every fault, then all or nothing; secrets are generated, shown once."""

import base64
import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ringfence.portal.audit.models import Entry
from ringfence.portal.people.models import Extension
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser

GOOD = "extension,display_name,role\n201,Ann,Standard User\n202,Bob,Admin\n\n203,Cleo,\n"


def send(client: Client, site: Site, text: str, step: str = "check", tenant: str = "a") -> tuple[int, str]:
    answer = client.post("/users/import", {"tenant_id": site.tenants[tenant], "text": text, step: "1"}, secure=True)
    return answer.status_code, answer.content.decode()


def numbers(tenant: str = "a") -> list[str]:
    return [row.number for row in Extension.objects.filter(tenant__domain=f"{tenant}.example")]


def test_the_dry_run_changes_nothing(site: Site) -> None:
    before = Entry.objects.count()
    status, page = send(browser(), site, GOOD)
    assert (status, "3 extensions can be made" in page) == (200, True)
    assert numbers() == ["100", "101"]
    assert Entry.objects.filter(action="user.created").count() <= before


def test_every_fault_is_named_with_its_line(site: Site) -> None:
    text = "extension,display_name,role\n101,Twice,\nabc,Bad,\n204,,\n205,Eve,Emperor\n206,Two,\n206,Two,\n207,A,b,c\n"
    status, page = send(browser(), site, text)
    assert (status, "7 of 7 lines" in page or "6 of 7 lines" in page) == (200, True)
    for said in ("exists already", "3 to 64 digits", "missing", "Emperor", "more values than columns"):
        assert said in page
    assert send(browser(), site, text, "make")[0] == 422
    assert numbers() == ["100", "101"]


def test_all_are_made_with_secrets_that_are_shown_once(site: Site) -> None:
    client = browser()
    status, page = send(client, site, GOOD, "make")
    assert (status, numbers()) == (200, ["100", "101", "201", "202", "203"])
    found = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', page)
    assert found
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(found[1]).decode())))
    assert [row["extension"] for row in rows] == ["201", "202", "203"]
    assert all(len(row["sip_secret"]) == 24 and row["sip_secret"] in page for row in rows)
    assert rows[0]["sip_secret"] not in client.get("/users", secure=True).content.decode()


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "must name the columns"), ("number,name\n1,2\n", "extension, display_name is missing"),
     ("extension,display_name\n", "nothing below"), ("extension,display_name\n" + "1,a\n" * 1001, "1000 are possible")],
)  # fmt: skip
def test_what_is_no_list_of_extensions_is_refused(site: Site, text: str, says: str) -> None:
    status, page = send(browser(), site, text)
    assert (status, says in page) == (422, True)


def test_a_file_of_another_encoding_or_size_is_refused(site: Site) -> None:
    for content, says in ((b"extension,display_name\n201,\xfc\n", "UTF-8"), (b"x" * 300_000, "larger than")):
        form = {"tenant_id": site.tenants["a"], "file": SimpleUploadedFile("a.csv", content)}
        answer = browser().post("/users/import", form, secure=True)
        assert (answer.status_code, says in answer.content.decode()) == (422, True)


def test_a_file_with_a_byte_order_mark_is_read(site: Site) -> None:
    form = {"tenant_id": site.tenants["a"], "file": SimpleUploadedFile("a.csv", "\ufeff".encode() + GOOD.encode())}
    assert "3 extensions can be made" in browser().post("/users/import", form, secure=True).content.decode()


def test_a_tenant_administrator_imports_into_the_own_tenant_only(site: Site) -> None:
    client = browser("100@a.example")
    assert send(client, site, GOOD, "make", tenant="b")[0] == 422
    assert numbers("b") == ["100", "101"]
    assert send(client, site, GOOD, "make")[0] == 200
