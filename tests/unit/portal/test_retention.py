"""How long data is kept: one page, REST, and what is done about old data (issue "retention")."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from ringfence.portal import places
from ringfence.portal.audit.models import Entry
from ringfence.portal.calls.ingest import store
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.retention.work import delete_old_call_records, write_log_rules
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser

PATH = "settings/retention"
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def a_call(call_id: str, days_ago: int) -> None:
    store({"kind": "call.ended", "t": (NOW - timedelta(days=days_ago)).timestamp(), "call_id": call_id})


def test_it_is_shown_changed_audited_and_told_to_the_supervisor(site: Site) -> None:
    assert site.admin.get(PATH) == {
        "log_megabytes": 8, "log_files": 3, "log_days": 30, "call_record_days": 0, "audit_days": 3650,
    }  # fmt: skip
    assert site.admin.call("PATCH", PATH, {"log_days": 7, "log_megabytes": 2})[1]["log_days"] == 7
    assert json.loads(places.PATHS.log_rules.read_text()) == {"megabytes": 2, "files": 3, "days": 7}
    assert Entry.objects.get(action="retention.changed").changes["log_days"] == {"old": 30, "new": 7}
    places.PATHS.log_rules.unlink()
    assert (write_log_rules(), write_log_rules()) == (1, 0), "after a restore it is told again"


@pytest.mark.parametrize("values", [{"log_days": 0}, {"log_files": 61}, {"call_record_days": -1}, {"days": 3}])
def test_nonsense_is_refused(site: Site, values: dict[str, int]) -> None:
    assert site.admin.refusal("PATCH", PATH, values)["status"] == 422


def test_old_call_records_go_and_an_audit_entry_says_so(site: Site) -> None:
    a_call("old", 91)
    a_call("new", 89)
    assert delete_old_call_records(NOW) == 0, "by default they stay"
    site.admin.call("PATCH", PATH, {"call_record_days": 90})
    assert delete_old_call_records(NOW) == 1
    assert list(CallRecord.objects.values_list("call_id", flat=True)) == ["new"]
    assert Entry.objects.get(action="call_records.deleted").object_label == "1 call records"


def test_the_page_lists_all_that_is_kept(site: Site) -> None:
    person = browser()
    page = person.get("/kept-data", secure=True).content.decode()
    for what in ("Call records", "for ever", "Audit log", "3650 days", "500000", "Recordings", "Backups"):
        assert what in page
    form = {"log_megabytes": "8", "log_files": "3", "log_days": "30", "call_record_days": "400"}
    assert person.post("/kept-data", form, secure=True).status_code == 302
    assert "400 days" in person.get("/kept-data", secure=True).content.decode()
    assert person.post("/kept-data", {**form, "log_days": "0"}, secure=True).status_code == 422
