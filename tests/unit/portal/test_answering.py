"""Ring groups and announcements in the portal: what workers get, and what is refused."""

import pytest

from ringfence.policy import book
from ringfence.portal import publish
from ringfence.portal.answering import changes
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import signed_in_browser
from tests.unit.portal.voicemails import announce


def test_a_ring_group_is_in_the_book_at_once_or_in_order(site: Site) -> None:
    """REST `ring-groups`; the members in their order, then the number to go on to."""
    wish = {"tenant_id": site.tenants["a"], "number": "600", "name": "Sales", "members": ["101", "100"]}
    made = site.a.post("ring-groups", **wish, otherwise="*99101")
    assert publish.book().ring_groups == (
        book.RingGroup(made["id"], "600@a.example", "101@a.example,100@a.example:20", "*99101"),
    )
    site.a.call("PATCH", f"ring-groups/{made['id']}", {"together": False, "ring_seconds": 15})
    assert publish.book().ring_groups[0].steps == "101@a.example:15 100@a.example:15"
    assert site.a.call("DELETE", f"ring-groups/{made['id']}")[0] == 204
    assert publish.book().ring_groups == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "101"}, "number"),
        ({"number": "6x"}, "number"),
        ({"members": []}, "members"),
        ({"members": ["101", "101"]}, "members"),
        ({"members": ["999"]}, "members"),
        ({"ring_seconds": 1}, "ring_seconds"),
        ({"otherwise": "sip:evil"}, "otherwise"),
        ({"otherwise": "600"}, "otherwise"),
        ({"otherwise": "112"}, "otherwise"),
        ({"name": " "}, "name"),
    ],
)
def test_what_cannot_ring_is_refused(site: Site, change: dict[str, object], field: str) -> None:
    wish = {"tenant_id": site.tenants["a"], "number": "600", "name": "Sales", "members": ["101"], **change}
    assert site.a.refusal("POST", "ring-groups", wish)["field"] == field


def test_an_announcement_is_laid_out_and_goes_with_its_number(site: Site) -> None:
    made = announce(site.a, site.tenants["a"], "601")
    assert publish.book().announcements == (book.Announcement(made["id"], "601@a.example"),)
    assert len(changes.file_of(made["id"]).read_bytes()) == 8000
    twin = {"tenant_id": site.tenants["a"], "number": "601", "name": "Sales", "members": ["101"]}
    assert site.a.refusal("POST", "ring-groups", twin)["field"] == "number"
    assert site.a.call("DELETE", f"announcements/{made['id']}")[0] == 204
    assert not changes.file_of(made["id"]).exists()


def test_pages_make_change_and_delete_them(site: Site) -> None:
    browser = signed_in_browser("100@a.example")
    wish = {"tenant_id": site.tenants["a"], "number": "600", "name": "Sales", "members": "101, 100", "ring_seconds": 20}
    assert browser.post("/ring-groups/new", wish, secure=True).status_code == 302
    (row,) = site.a.get("ring-groups")["items"]
    assert row["members"] == ["101", "100"]
    assert b"Sales" in browser.get("/ring-groups", secure=True).content
    page = f"/ring-groups/{row['id']}"
    assert browser.get(page, secure=True).status_code == 200
    assert browser.post(page, {**wish, "members": "999"}, secure=True).status_code == 422
    assert browser.post(f"{page}/delete", secure=True).status_code == 302
    announce(site.a, site.tenants["a"], "601")
    assert b"Closed" in browser.get("/announcements", secure=True).content
    assert browser.get("/announcements/new", secure=True).status_code == 200
