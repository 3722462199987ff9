"""Bulk actions, and the filter by tenant above lists with rows of tenants (issue 4, 7: "filter, bulk actions")."""

from typing import Any

import pytest
from django.test import Client

from ringfence.portal.audit.models import Entry
from ringfence.portal.inbound.models import BlockedCaller
from ringfence.portal.outbound.models import OfficeHours
from ringfence.portal.people.models import Person
from ringfence.portal.spending.models import Rate
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.voicemail.models import Message
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.signing_in import get, post, signed_in_browser
from tests.unit.portal.voicemails import leave_message

FILTERED = (
    "inbound-rules", "number-pools", "blocked-callers", "outbound-rules", "office-hours", "ring-groups",
    "announcements", "time-conditions", "groups", "recordings", "voicemail", "cdrs", "users", "phones",
)  # fmt: skip


def user_browser() -> Client:
    """A Standard User of tenant A."""
    person = Person.objects.get(username="101@a.example")
    person.set_password(PASSWORD)
    person.must_change_password = False
    person.save()
    return signed_in_browser("101@a.example")


def block(site: Site, tenant: str, *patterns: str) -> list[int]:
    rows = [BlockedCaller.objects.create(tenant_id=site.tenants[tenant], pattern=one) for one in patterns]
    return [row.pk for row in rows]


def test_marked_rows_are_deleted_together_and_each_is_audited(site: Site) -> None:
    """Reference: blocked callers. One button for many rows."""
    ids = block(site, "a", "+4930111", "+4930112", "+4930113")
    browser = signed_in_browser("100@a.example")
    page = get(browser, "/blocked-callers").content.decode()
    assert 'action="/blocked-callers/bulk"' in page and page.count('form="bulk"') == 3
    before = Entry.objects.count()
    answer = post(browser, "/blocked-callers/bulk", {"id": ids[:2], "action": "delete"})
    assert answer["Location"] == "/blocked-callers"
    assert list(BlockedCaller.objects.values_list("pk", flat=True)) == ids[2:]
    assert Entry.objects.count() == before + 2
    assert "2 rows are changed." in get(browser, "/blocked-callers").content.decode()


def test_a_row_of_another_tenant_keeps_all_of_them(site: Site) -> None:
    """W95: nothing is changed, and the answer is the one for a row that is gone."""
    own, other = block(site, "a", "+4930111"), block(site, "b", "+4930112")
    browser = signed_in_browser("100@a.example")
    answer = browser.post("/blocked-callers/bulk", {"id": [*own, *other], "action": "delete"}, secure=True, follow=True)
    assert "does not exist any more" in answer.content.decode()
    assert BlockedCaller.objects.count() == 2


@pytest.mark.parametrize(
    ("form", "said"), [({"action": "delete"}, "No row is marked."), ({"id": [1], "action": "x"}, "no such action")]
)
def test_nothing_marked_or_nothing_known(site: Site, form: dict[str, Any], said: str) -> None:
    browser = signed_in_browser("100@a.example")
    assert said in browser.post("/ring-groups/bulk", form, secure=True, follow=True).content.decode()


def test_without_the_right_there_are_no_buttons(site: Site) -> None:
    """A Standard User opens no such list; rates are the system administrator's."""
    assert post(user_browser(), "/blocked-callers/bulk", {"id": [1]}).status_code == 403
    assert post(signed_in_browser("100@a.example"), "/rates/bulk", {"id": [1]}).status_code == 403
    row = Rate.objects.create(prefix="49", name="Germany", price=1, fee=0, first=60, each=60)
    assert post(signed_in_browser(), "/rates/bulk", {"id": [row.pk], "action": "delete"}).status_code == 302
    assert not Rate.objects.exists()


def test_own_messages_are_deleted_together_and_nobody_elses(site: Site) -> None:
    """The extension user's own voicemail (issue 4, 7)."""
    for mailbox in ("101@a.example", "101@a.example", "100@a.example"):
        leave_message(mailbox)
    *mine, foreign = Message.objects.order_by("pk")
    browser = user_browser()
    assert post(browser, "/my/voicemail/bulk", {"id": [mine[0].pk, foreign.pk], "action": "delete"}).status_code == 404
    assert Message.objects.count() == 3
    post(browser, "/my/voicemail/bulk", {"id": [one.pk for one in mine], "action": "delete"})
    assert list(Message.objects.all()) == [foreign]


def test_marked_bans_are_lifted(site: Site) -> None:
    """Reference: blocked addresses. A list of innocent ones is let in with one button."""
    browser = signed_in_browser()
    post(browser, "/ip-blacklist/bulk", {"id": ["sip 198.51.100.7", "web 198.51.100.8"], "action": "lift"})
    asked = [(args["address"], args["scope"]) for verb, args in site.guard.asked if verb == "bans.lift"]
    assert asked == [("198.51.100.7", "sip"), ("198.51.100.8", "web")]


@pytest.mark.parametrize("path", FILTERED)
def test_lists_of_several_tenants_can_be_narrowed(site: Site, path: str) -> None:
    """Whoever looks after several tenants picks one; in the own tenant there is nothing to pick."""
    assert get(signed_in_browser(), f"/{path}?tenant={site.tenants['b']}").status_code == 200
    assert 'name="tenant"' not in get(signed_in_browser("100@a.example"), f"/{path}").content.decode()


def test_the_filter_leaves_the_rows_of_that_tenant(site: Site) -> None:
    for tenant in Tenant.objects.all():
        OfficeHours.objects.create(tenant=tenant, name=f"Hours of {tenant.domain}")
    page = get(signed_in_browser(), f"/office-hours?tenant={site.tenants['b']}").content.decode()
    assert 'name="tenant"' in page and "Hours of b.example" in page and "Hours of a.example" not in page
