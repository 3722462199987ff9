"""The audit log keeps everything and cannot be changed unnoticed."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from ringfence.portal import places
from ringfence.portal.actor import Actor
from ringfence.portal.audit import anchor
from ringfence.portal.audit.chain import append, digest_of, verify
from ringfence.portal.audit.models import ChainHead, Checkpoint, Entry
from ringfence.portal.audit.retention import delete_old
from ringfence.portal.calls.ingest import audit_ban
from tests.unit.portal.rest import Site


def test_a_change_is_kept_with_who_from_where_old_and_new(site: Site) -> None:
    site.admin.call("PATCH", "settings/security", {"failed_authentication_limit": 30})
    entry = site.admin.get("audit-log?limit=1")["items"][0]
    assert (entry["actor"], entry["address"], entry["action"]) == ("admin", "192.0.2.50", "security.settings_changed")
    assert entry["changes"] == {"failed_authentication_limit": {"old": 50, "new": 30}}


def test_a_secret_is_only_said_to_have_changed(site: Site) -> None:
    site.a.post(f"users/{site.users['101@a.example']}/sip-secret")
    assert site.a.get("audit-log?limit=1")["items"][0]["changes"] == {"sip_secret": {"old": None, "new": "changed"}}


def test_a_refused_change_leaves_no_entry(site: Site) -> None:
    before = Entry.objects.count()
    site.admin.refusal("PATCH", "settings/security", {"level_1_packets": 3000})
    assert Entry.objects.count() == before


def test_settings_that_stay_as_they_are_leave_no_entry(site: Site) -> None:
    """Saving the page unchanged wrote an entry without a change, and a policy that said the same again."""
    before = Entry.objects.count()
    site.admin.call("PATCH", "settings/security", {"failed_authentication_limit": 50})
    assert Entry.objects.count() == before


def test_the_database_refuses_to_alter_or_delete_entries(site: Site) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        Entry.objects.filter(pk=1).update(actor="nobody")
    with pytest.raises(DatabaseError, match="append-only"):
        Entry.objects.filter(pk=1).delete()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'nobody' WHERE id = 2",
        "DELETE FROM audit_entry WHERE id = 2",
        "DELETE FROM audit_entry WHERE id = (SELECT max(id) FROM audit_entry)",
        "DELETE FROM audit_entry",
        "UPDATE audit_chainhead SET last_id = 3",
    ],
)
def test_who_has_the_file_is_found_out(site: Site, statement: str) -> None:
    assert not verify().problem
    _without_triggers(statement)
    assert verify().problem


def test_a_chain_written_anew_from_an_altered_entry_is_found_out(site: Site) -> None:
    """W: whoever may write the tables can make everything in them fit, but cannot sign its end."""
    _without_triggers("UPDATE audit_entry SET actor = 'nobody' WHERE id = 2")
    previous = Entry.objects.get(id=1).hash
    for entry in Entry.objects.filter(id__gte=2).order_by("id"):
        entry.previous_hash = previous
        entry.hash = previous = digest_of(entry)
        entry.save()
    ChainHead.objects.update(last_hash=previous)
    assert "written anew" in verify().problem


def test_a_cut_off_end_is_found_out_although_the_head_was_corrected(site: Site) -> None:
    last = Entry.objects.order_by("-id")[1]
    _without_triggers(f"DELETE FROM audit_entry WHERE id > {last.id:d}")  # noqa: S608
    ChainHead.objects.update(last_id=last.id, last_hash=last.hash)
    assert "newest entries are missing" in verify().problem


@pytest.mark.parametrize("content", [None, "", "{}", '{"last_id": 1, "last_hash": "x", "signature": "y"}'])
def test_a_lost_or_forged_anchor_is_found_out_and_not_healed_by_the_next_entry(site: Site, content: str | None) -> None:
    path = places.PORTAL / anchor.FILE_NAME
    path.unlink()
    if content is not None:
        path.write_text(content)
    site.admin.call("PATCH", "settings/security", {"detection_period": 11})
    assert "cannot be proved" in verify().problem
    call_command("audit", "accept", stdout=StringIO())
    assert not verify().problem


def test_retention_keeps_the_rest_of_the_chain_provable(site: Site) -> None:
    before = Entry.objects.count()
    later = timezone.now() + timedelta(days=3651)
    assert delete_old(later) == before
    assert Entry.objects.get().action == "audit.deleted"
    site.admin.call("PATCH", "settings/security", {"detection_period": 11})
    verdict = verify()
    assert (verdict.problem, verdict.first, verdict.entries) == ("", before + 1, 2)
    assert delete_old() == 0


def test_entries_cannot_be_deleted_behind_a_forged_checkpoint_unnoticed(site: Site) -> None:
    third = Entry.objects.get(id=3)
    Checkpoint.objects.create(last_id=3, last_hash=third.hash, at="2026-01-01", signature="0" * 64)
    Entry.objects.filter(id__lte=3).delete()
    assert "not signed" in verify().problem
    with pytest.raises(DatabaseError, match="append-only"):
        Checkpoint.objects.all().delete()


def test_the_command_ends_with_1_when_the_log_is_broken(site: Site) -> None:
    out = StringIO()
    call_command("audit", "verify", stdout=out)
    assert "is whole" in out.getvalue()
    _without_triggers("DELETE FROM audit_entry WHERE id = 2")
    with pytest.raises(CommandError, match="broken at entry 2") as caught:
        call_command("audit", "verify", stdout=StringIO())
    assert caught.value.returncode == 1


def test_entries_are_found_by_object_person_and_time(site: Site) -> None:
    user = site.users["101@a.example"]
    start = timezone.now().isoformat().replace("+", "%2B")
    site.a.call("PATCH", f"users/{user}", {"display_name": "New"})
    by_object = site.a.get(f"audit-log?object=user:{user}")["items"]
    assert [item["action"] for item in by_object] == ["user.changed", "user.created"]
    assert site.admin.get("audit-log?actor=100@a.example")["count"] >= 1
    assert [item["action"] for item in site.admin.get(f"audit-log?since={start}")["items"]] == ["user.changed"]
    assert site.admin.get(f"audit-log?until={start}&limit=1")["items"][0]["action"] != "user.changed"


@pytest.mark.parametrize(("file_format", "lines"), [("csv", 1), ("jsonl", 0)])
def test_the_log_is_exported_with_inert_cells_and_of_the_own_tenant_only(
    site: Site, file_format: str, lines: int
) -> None:
    """W96: a name that a spreadsheet would calculate stays a name."""
    user = site.users["101@a.example"]
    site.a.call("PATCH", f"users/{user}", {"display_name": "=HYPERLINK(1)"})
    append(Actor("=cmd|calc"), "user.x", tenant_id=site.tenants["a"])
    answer = site.a.client.get(
        f"/api/v1/audit-log/export?format={file_format}",
        headers={"Authorization": f"Bearer {site.a.token}"},
        secure=True,
    )
    text = b"".join(answer.streaming_content).decode()
    assert len(text.splitlines()) == lines + site.a.get("audit-log")["count"]
    assert "b.example" not in text
    assert "'=cmd|calc" in text or file_format == "jsonl"
    assert "\n=cmd" not in text


def test_a_ban_made_at_a_shell_is_written_down_and_one_of_the_portal_only_once(site: Site) -> None:
    event = {"kind": "ban.lifted", "address": "198.51.100.7", "why": "lifted by hand"}
    audit_ban({**event, "by": "command line (root)"})
    entry = site.admin.get("audit-log?limit=1")["items"][0]
    assert (entry["actor"], entry["action"], entry["object_label"]) == (
        "command line (root)", "ban.lifted", "198.51.100.7",
    )  # fmt: skip
    count = Entry.objects.count()
    for by in ("admin", "guard", "", None):
        audit_ban({**event, "by": by})
    assert Entry.objects.count() == count


def test_a_refused_right_is_written_down(site: Site) -> None:
    """ASVS 16.3.2: failed authorization."""
    site.a.refusal("DELETE", f"tenants/{site.tenants['a']}")
    entry = site.admin.get("audit-log?action=access.")["items"][0]
    assert (entry["actor"], entry["action"]) == ("100@a.example", "access.refused")
    assert entry["changes"]["request"]["new"] == f"DELETE /api/v1/tenants/{site.tenants['a']}"


def _without_triggers(statement: str) -> None:
    names = ("audit_no_change",) if connection.vendor == "postgresql" else ("audit_no_update", "audit_no_delete")
    of_table = " ON audit_entry" if connection.vendor == "postgresql" else ""
    with connection.cursor() as database:
        for name in names:
            database.execute(f"DROP TRIGGER {name}{of_table}")
        database.execute(statement)


def test_what_is_saved_unchanged_leaves_no_entry(site: Site) -> None:
    """A page that somebody opens and saves wrote an entry without any change."""
    user = f"users/{site.users['101@a.example']}"
    trunk = site.admin.post("trunks", name="C", kind="address", sources=[{"cidr": "203.0.113.1", "port": 0}],
                            hosts=[{"host": "203.0.113.1", "port": 5060}])  # fmt: skip
    security = {"detection_period": site.admin.get("settings/security")["detection_period"]}
    unchanged = {
        user: {"display_name": site.admin.get(user)["display_name"]},
        f"{user}/calling": {"ring_seconds": 25},
        f"trunks/{trunk['id']}": {"name": "C"},
        f"tenants/{site.tenants['a']}": {"time_zone": "UTC"},
        "settings/security": security,
    }
    before = Entry.objects.count()
    for path, same in unchanged.items():
        assert site.admin.call("PATCH", path, same)[0] == 200, path
        assert Entry.objects.count() == before, path
