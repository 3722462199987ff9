"""The audit log keeps everything and cannot be changed unnoticed."""

import sqlite3
from contextlib import closing

import pytest
from django.db import DatabaseError

from ringfence.portal import places
from ringfence.portal.audit.models import Entry, first_broken_entry
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
    ],
)
def test_who_has_the_file_is_found_out(site: Site, statement: str) -> None:
    assert first_broken_entry() is None
    with closing(sqlite3.connect(places.DATABASE_FILE)) as database:
        database.executescript("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;")
        database.execute(statement)
        database.commit()
    assert first_broken_entry() is not None
