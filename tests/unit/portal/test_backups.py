"""Backups asked for by hand and by the plan, on their page and over REST."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from ringfence.backups.restoring import verify
from ringfence.portal import places
from ringfence.portal.audit.models import Entry
from ringfence.portal.backups import work
from ringfence.portal.backups.models import Backup, BackupPlan
from ringfence.portal.jobs import State
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def folder() -> Iterator[None]:
    places.PATHS.backups.mkdir(exist_ok=True)
    yield
    shutil.rmtree(places.PATHS.backups)


def ready(site: Site) -> None:
    assert site.admin.call("PUT", "backup-plan/passphrase", {"passphrase": PASSPHRASE})[0] == 204


def test_without_a_passphrase_there_is_no_backup(site: Site) -> None:
    refused = site.admin.refusal("POST", "backups")
    assert (refused["status"], refused["error_id"]) == (422, "backup.no_passphrase")
    assert work.make_due() == 0


def test_a_short_passphrase_is_refused_with_the_rule(site: Site) -> None:
    refused = site.admin.refusal("PUT", "backup-plan/passphrase", {"passphrase": "short"})
    assert (refused["field"], refused["error_id"]) == ("passphrase", "backup.passphrase")
    assert "12 characters" in refused["detail"]


def test_one_asked_for_is_made_and_can_be_fetched_and_opened(site: Site) -> None:
    ready(site)
    made = site.admin.post("backups")
    assert (made["state"], made["asked_by"]) == ("waiting", "admin")
    assert site.admin.refusal("POST", "backups")["status"] == 409
    assert work.make_due() == 1
    found = site.admin.get(f"backups/{made['id']}")
    assert (found["state"], found["error"]) == ("done", "")
    headers = {"Authorization": f"Bearer {site.admin.token}"}
    answer = site.admin.client.get(f"/api/v1/backups/{made['id']}/file", headers=headers, secure=True)
    path = places.PATHS.backups / "fetched"
    path.write_bytes(b"".join(answer))
    assert path.stat().st_size == found["size"] == int(answer["Content-Length"])
    assert verify(path, PASSPHRASE).files > 0
    assert Entry.objects.filter(action="backup.downloaded").exists()
    assert "passphrase" not in str([entry.changes for entry in Entry.objects.filter(action="backup.asked")])


def test_the_plan_makes_one_each_night_and_keeps_the_newest(site: Site) -> None:
    ready(site)
    site.admin.call("PATCH", "backup-plan", {"keep": 1, "hour": timezone.now().hour})
    assert work.make_due() == 1
    assert work.make_due() == 0
    first = Backup.objects.get()
    assert first.planned
    Backup.objects.update(asked_at=timezone.now() - timedelta(days=1, hours=1), file="older.ringfence")
    first.path.rename(places.PATHS.backups / "older.ringfence")
    assert work.make_due() == 1
    assert Backup.objects.count() == 1
    assert not (places.PATHS.backups / "older.ringfence").exists()


@pytest.mark.parametrize(
    ("hour", "now", "due"),
    [(3, "2026-11-26T03:00", "2026-11-26T03:00"), (3, "2026-11-26T02:59", "2026-11-25T03:00"),
     (0, "2026-03-01T00:00", "2026-03-01T00:00"), (23, "2026-03-01T22:59", "2026-02-28T23:00")],
)  # fmt: skip
def test_when_the_plan_wanted_one_last(hour: int, now: str, due: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert work.due_since(BackupPlan(hour=hour), moment) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_full_disk_is_said_and_stops_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(site)
    site.admin.post("backups")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(work, "make", full)
    assert work.make_due() == 1
    row = Backup.objects.get()
    assert row.state == State.FAILED
    assert "No space left" in row.error


def test_what_an_ended_process_was_making_is_given_up(site: Site) -> None:
    ready(site)
    site.admin.post("backups")
    Backup.objects.update(state=State.RUNNING)
    (places.PATHS.backups / "half.ringfence.partial").write_bytes(b"half")
    assert work.begin() == 1
    assert site.admin.get("backups")["items"][0]["error"] == "The process that made it ended."
    assert not list(places.PATHS.backups.glob("*.partial"))


@pytest.mark.parametrize(("field", "value"), [("hour", 24), ("hour", -1), ("keep", 0), ("keep", 101)])
def test_a_plan_that_cannot_be_is_refused(site: Site, field: str, value: int) -> None:
    refused = site.admin.refusal("PATCH", "backup-plan", {field: value})
    assert (refused["status"], refused["field"]) == (422, field)


def test_the_page_plans_asks_and_deletes(site: Site) -> None:
    client = browser("admin")
    assert "their passphrase is not set" in client.get("/backups").content.decode()
    both = {"passphrase": PASSPHRASE, "again": PASSPHRASE, "lock": "1"}
    assert client.post("/backups", {**both, "again": "another horse"}).status_code == 422
    assert client.post("/backups", both).status_code == 302
    plan = {"plan-nightly": "on", "plan-hour": "4", "plan-keep": "3", "plan": "1"}
    assert client.post("/backups", plan).status_code == 302
    assert (BackupPlan.current().hour, BackupPlan.current().keep) == (4, 3)
    assert client.post("/backups/new").status_code == 302
    work.make_due()
    row = Backup.objects.get()
    assert b"".join(client.get(f"/backups/{row.pk}/file")).startswith(b'{"kind": "ringfence backup"')
    assert client.post(f"/backups/{row.pk}/delete").status_code == 302
    assert not Backup.objects.exists()
    assert not row.path.exists()
