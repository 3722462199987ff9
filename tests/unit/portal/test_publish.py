"""What the portal saves is what workers read, at once, whole, and after any accident."""

import hashlib
from io import StringIO
from pathlib import Path

import lmdb
import pytest
from django.core.management import call_command

from ringfence.policy.book import MatchKind, Target
from ringfence.policy.offenders.entries import decode_entries
from ringfence.portal import publish
from ringfence.portal.actor import Actor
from ringfence.portal.change import Change
from ringfence.portal.lookups import SOURCES, Source
from ringfence.portal.people.models import Extension
from ringfence.portal.system.models import PendingPublish
from ringfence.store.writer import PolicyWriter
from tests.unit.portal.rest import Site
from tests.unit.portal.store import policy


def ha1(algorithm: str, secret: str, number: str = "200", domain: str = "a.example") -> str:
    return hashlib.new(algorithm, f"{number}:{domain}:{secret}".encode()).hexdigest()


def new_user(site: Site, number: str = "200") -> dict[str, str]:
    made: dict[str, str] = site.a.post(
        "users", tenant_id=site.tenants["a"], extension=number, display_name="Ann", role="Standard International User"
    )
    return made


def test_a_new_extension_is_in_force_with_the_answer(site: Site) -> None:
    made = new_user(site)
    with policy() as store:
        found = store.subscriber("200@a.example")
    assert found is not None
    assert (found.ha1_md5, found.ha1_sha256) == (ha1("md5", made["sip_secret"]), ha1("sha256", made["sip_secret"]))
    assert (found.role, found.active, found.display_name) == ("Standard International User", True, "Ann")
    assert (found.tenant_id, found.user_id) == (site.tenants["a"], made["id"])
    assert "policy.changed" in site.guard.verbs()


def test_a_new_secret_keeps_the_digests_of_the_old_one_as_previous(site: Site) -> None:
    made = new_user(site)
    renewed = site.a.post(f"users/{made['id']}/sip-secret")
    assert renewed["sip_secret"] != made["sip_secret"]
    with policy() as store:
        found = store.subscriber("200@a.example")
    assert found is not None
    assert found.ha1_sha256 == ha1("sha256", renewed["sip_secret"])
    assert found.previous_ha1_md5 == ha1("md5", made["sip_secret"])
    assert found.previous_ha1_sha256 == ha1("sha256", made["sip_secret"])


def test_changes_and_deletion_reach_the_store(site: Site) -> None:
    made = new_user(site)
    site.a.call("PATCH", f"users/{made['id']}", {"active": False, "role": "Standard User", "display_name": "Änn"})
    with policy() as store:
        changed = store.subscriber("200@a.example")
    assert changed is not None
    assert (changed.active, changed.role, changed.display_name) == (False, "Standard User", "Änn")
    site.a.call("DELETE", f"users/{made['id']}")
    with policy() as store:
        assert store.subscriber("200@a.example") is None


def test_deleting_a_tenant_takes_its_subscribers_out(site: Site) -> None:
    site.admin.call("DELETE", f"tenants/{site.tenants['b']}")
    with policy() as store:
        assert store.subscriber("101@b.example") is None
        assert store.subscriber("101@a.example") is not None
        book = store.book()
    assert book is not None
    assert [tenant.domain for tenant in book.tenants] == ["a.example"]


def test_rules_reach_the_book(site: Site) -> None:
    site.admin.call("PATCH", "settings/security", {"failed_authentication_limit": 30})
    site.admin.post("ip-filters", address="41.202.7.7", netmask="255.255.0.0", target="block", description="Anti DoS")
    site.admin.post("blocked-user-agents", pattern="evil", match="prefix")
    with policy() as store:
        book, entries = store.book(), decode_entries(store.entries())
    assert book is not None
    assert book.security.failed_authentication_limit == 30
    assert [(entry.cidr, entry.target) for entry in entries] == [("41.202.0.0/16", Target.BLOCK)]
    assert ("evil", MatchKind.PREFIX) in [(item.pattern, item.match) for item in book.blocked_user_agents]
    assert "friendly-scanner" in [item.pattern for item in book.blocked_user_agents]
    assert [role.name for role in book.roles] == ["Admin", "Standard International User", "Standard User"]
    assert book.default_domain == "a.example"
    assert "127.0.0.1" in book.own_hosts


def test_one_user_does_not_rewrite_the_book(site: Site) -> None:
    with policy() as store:
        before = store.book()
    new_user(site)
    with policy() as store:
        assert store.book() == before


def test_one_setting_does_not_rewrite_the_address_entries(site: Site) -> None:
    site.admin.post("ip-filters", cidr="41.202.0.0/16", target="block")
    with policy() as store:
        before = store.entries_version()
    site.admin.call("PATCH", "settings/security", {"failed_authentication_limit": 30})
    new_user(site)
    with policy() as store:
        assert store.entries_version() == before
        assert [entry.cidr for entry in decode_entries(store.entries())] == ["41.202.0.0/16"]


def test_everything_can_be_rebuilt_from_the_database(site: Site) -> None:
    new_user(site)
    with policy() as store:
        wanted, book = store.subscriber("200@a.example"), store.book()
    writer = PolicyWriter(publish.places.POLICY)
    writer.publish(None, replace_all=True)
    writer.close()
    call_command("publish", "--all", stdout=StringIO())
    with policy() as store:
        rebuilt = store.book()
        assert store.subscriber("200@a.example") == wanted
        assert store.subscriber("101@b.example") is not None
    assert book is not None
    assert rebuilt is not None
    assert (rebuilt.tenants, rebuilt.security) == (book.tenants, book.security)


@pytest.mark.parametrize("error", [lmdb.MapFullError("full"), PermissionError("no")])
def test_a_change_that_cannot_be_published_is_saved_pending_and_caught_up(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*args: object, **kwargs: object) -> int:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(PolicyWriter, "publish", fail)
        wish = {"tenant_id": site.tenants["a"], "extension": "200", "display_name": "Ann"}
        refusal = site.a.refusal("POST", "users", wish)
        assert (refusal["status"], refusal["error_id"]) == (503, "publish.pending")
        assert Extension.objects.filter(number="200").exists()
        assert site.admin.get("status")["pending_changes"] == 1
    assert publish.publish_pending() == 1
    with policy() as store:
        assert store.subscriber("200@a.example") is not None
    assert not PendingPublish.objects.exists()


def test_a_kill_between_commit_and_publishing_is_caught_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left behind by a process killed after its commit: rows, marks, and an old store."""
    made = new_user(site)
    Extension.objects.filter(person_id=made["id"]).update(ha1_md5="0" * 32)
    publish.mark(Change(Actor("test", "local"), aors=["200@a.example", "999@a.example"]))
    publish.publish_pending()
    with policy() as store:
        found = store.subscriber("200@a.example")
    assert found is not None
    assert found.ha1_md5 == "0" * 32


def test_a_refused_change_publishes_nothing(site: Site) -> None:
    with policy() as store:
        before = store.refresh()
    site.a.refusal("POST", "users", {"tenant_id": site.tenants["a"], "extension": "1", "display_name": "Ann"})
    site.a.refusal("POST", "users", {"tenant_id": site.tenants["a"], "extension": "101", "display_name": "Ann"})
    with policy() as store:
        assert store.refresh() == before


def test_changes_work_while_the_guard_is_down(site: Site) -> None:
    site.guard.stop()
    new_user(site)
    with policy() as store:
        assert store.subscriber("200@a.example") is not None


def test_only_the_portal_publishes(site: Site) -> None:
    """`publish.py` is the one bridge: nothing else in the portal imports the store's writer.

    `explaining.py` reads what is in force, to say which rule a call would take.
    """
    root = Path(publish.__file__).parent
    importers = [
        path.name for path in root.rglob("*.py") if "ringfence.store.writer" in path.read_text(encoding="utf-8")
    ]
    assert importers == ["publish.py"]


def test_membership_in_a_group_is_in_force_at_once(site: Site) -> None:
    """Reference, "Outbound Route Permissions": a rule can ask for a group of users."""
    made = new_user(site)
    group = site.a.post("groups", tenant_id=site.tenants["a"], name="Sales")
    site.a.call("PUT", f"groups/{group['id']}/members/{made['id']}")
    with policy() as store:
        found = store.subscriber("200@a.example")
    assert found is not None
    assert found.groups == (group["id"],)
    site.a.call("DELETE", f"groups/{group['id']}")
    with policy() as store:
        found = store.subscriber("200@a.example")
    assert found is not None
    assert found.groups == ()


def test_lookups_follow_the_database_by_key_and_as_a_whole(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {"try/1": b"one", "try/2": b"two"}
    monkeypatch.setitem(SOURCES, "try", Source(lambda keys: [(k, rows[k]) for k in keys if k in rows], rows.items))
    publish.publish_everything()
    rows |= {"try/2": b"second", "try/3": b"three"}
    del rows["try/1"]
    publish.mark(Change(Actor("test", "local"), lookups=["try/1", "try/2", "gone/4"]))
    publish.publish_pending()
    with policy() as store:
        assert [store.lookup(f"try/{number}") for number in (1, 2, 3)] == [None, b"second", None]
    publish.mark(Change(Actor("test", "local"), lookups=["try/"]))
    publish.publish_pending()
    with policy() as store:
        assert [store.lookup(f"try/{number}") for number in (1, 2, 3)] == [None, b"second", b"three"]
