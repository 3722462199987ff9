"""Security changes that revert by themselves (case 68): by whom and over what they are confirmed, and how undone."""

import time
from datetime import timedelta
from typing import Any

import pytest

from ringfence.policy.settings import SecuritySettings
from ringfence.portal.actor import shell_actor
from ringfence.portal.audit.models import Entry
from ringfence.portal.confirm import changes
from ringfence.portal.confirm.models import UnconfirmedChange
from ringfence.portal.confirm.moment import Moment, present
from ringfence.portal.confirm.trial import with_wish
from ringfence.portal.confirm.undo import UNDO
from ringfence.portal.security.models import AddressEntry, BlockedUserAgent, SecurityValues
from ringfence.portal.webaccess import changes as webaccess
from ringfence.portal.webaccess.models import AdministratorNetwork
from tests.unit.portal.rest import Rest, Site

pytestmark = pytest.mark.unit

OLD, NEW = "7-1 3.000", "7-2 0.000"


def over(caller: Rest, connection: str) -> Rest:
    """The same caller as nginx would name its connection: process and number, then its age in seconds."""
    caller.client.defaults["HTTP_X_CONNECTION"] = connection
    return caller


def later(seconds: float = 3660, clock_set: float = 0, boot: str | None = None) -> Moment:
    """So many seconds from now, after the clock on the wall was set by so many more."""
    now = present()
    wall = now.wall + timedelta(seconds=seconds + clock_set)
    return Moment(wall, now.since_boot + seconds, now.boot if boot is None else boot)


def limit() -> int:
    return SecurityValues.current().failed_authentication_limit


def saved(site: Site, minutes: int = 5, **values: Any) -> int:
    over(site.admin, OLD).call("PATCH", f"settings/security?confirm_within={minutes}", values)
    return UnconfirmedChange.objects.latest("id").pk


def test_a_change_is_in_force_at_once_and_reverts_when_nobody_confirms(site: Site) -> None:
    saved(site, failed_authentication_limit=7)
    assert limit() == 7
    assert changes.revert_due() == 0
    assert changes.revert_due(later()) == 1
    assert limit() == SecuritySettings().failed_authentication_limit
    assert changes.revert_due(later()) == 0
    actions = list(Entry.objects.order_by("-id").values_list("action", "actor")[:2])
    assert actions == [("confirm.reverted", "automatic revert"), ("security.settings_changed", "automatic revert")]


def test_the_connection_that_saved_proves_nothing_and_a_new_one_does(site: Site) -> None:
    number = saved(site, failed_authentication_limit=7)
    refused = over(site.admin, OLD).refusal("POST", f"unconfirmed-changes/{number}/confirm")
    assert (refused["status"], refused["error_id"]) == (409, "confirm.same_connection")
    elder = over(site.admin, "7-9 3600.000").refusal("POST", f"unconfirmed-changes/{number}/confirm")
    assert elder["error_id"] == "confirm.same_connection", "another connection, but opened before the change"
    time.sleep(0.01)
    assert over(site.admin, NEW).call("POST", f"unconfirmed-changes/{number}/confirm")[0] == 204
    assert changes.revert_due(later()) == 0
    assert limit() == 7
    again = over(site.admin, NEW).refusal("POST", f"unconfirmed-changes/{number}/confirm")
    assert again["error_id"] == "confirm.ended"
    assert Entry.objects.latest("id").action == "confirm.confirmed"


@pytest.mark.parametrize("told", ["", "x", "7-2", "7-2 -1.0", "a-b 0.000"])
def test_without_the_web_servers_word_nothing_is_confirmed(site: Site, told: str) -> None:
    number = saved(site, failed_authentication_limit=7)
    refused = over(site.admin, told).refusal("POST", f"unconfirmed-changes/{number}/confirm")
    assert refused["error_id"] == "confirm.unknown_connection"


def test_everything_that_can_be_saved_so_can_be_undone(site: Site) -> None:
    """Each kind of change, all in one go, and back to where it began."""
    admin = over(site.admin, OLD)
    kept = admin.post("ip-filters", cidr="192.0.2.0/24", target="allow", description="Office")["id"]
    gone = admin.post("ip-filters", cidr="198.51.100.0/24", target="allow", description="Old office")["id"]
    agent = BlockedUserAgent.objects.get(pattern="sipvicious")
    BlockedUserAgent.objects.filter(pk=agent.pk).update(description="of SIPVicious")
    before = state()
    wish = "confirm_within=5"
    admin.call("PATCH", f"ip-filters/{kept}?{wish}", {"description": "New", "target": "block"})
    admin.call("DELETE", f"ip-filters/{gone}?{wish}")
    admin.call("POST", f"ip-filters?{wish}", {"cidr": "203.0.113.0/24", "target": "block"})
    admin.call("POST", f"blocked-user-agents?{wish}", {"pattern": "Nasty"})
    admin.call("DELETE", f"blocked-user-agents/{agent.pk}?{wish}")
    admin.call("PATCH", f"settings/security?{wish}", {"level_1_packets": 501})
    with_wish(5, "7-1", lambda: webaccess.admit_administrators(shell_actor(), ["192.0.2.0/24"]))
    kinds = {entry["action"] for row in UnconfirmedChange.objects.all() for entry in row.entries}
    assert kinds == set(UNDO)
    assert state() != before
    assert changes.revert_due(later()) == 7
    assert state() == before


def state() -> Any:
    entries = sorted(AddressEntry.objects.values_list("cidr", "target", "description"))
    networks = sorted(AdministratorNetwork.objects.values_list("cidr", flat=True))
    return networks, entries, _agents(), SecurityValues.current()


def _agents() -> Any:
    return sorted(BlockedUserAgent.objects.values_list("pattern", "match", "description"))


def test_what_somebody_changed_again_since_is_left_alone(site: Site) -> None:
    saved(site, failed_authentication_limit=7, level_1_packets=99)
    site.admin.call("PATCH", "settings/security", {"failed_authentication_limit": 9})
    changes.revert_due(later())
    assert (limit(), SecurityValues.current().level_1_packets) == (9, SecuritySettings().level_1_packets)
    told = Entry.objects.filter(action="confirm.reverted").latest("id").changes
    assert told["left_alone"]["new"] == ["Security settings"]


def test_a_change_can_be_taken_back_at_once(site: Site) -> None:
    number = saved(site, failed_authentication_limit=7)
    assert site.admin.call("POST", f"unconfirmed-changes/{number}/revert")[0] == 204
    assert limit() == SecuritySettings().failed_authentication_limit
    assert site.admin.get("unconfirmed-changes")["items"] == []
    assert site.admin.get(f"unconfirmed-changes/{number}")["state"] == "reverted"


def test_a_shell_of_the_server_confirms_without_proof(site: Site) -> None:
    row = changes.found(saved(site, failed_authentication_limit=7))
    changes.confirm_from_shell(shell_actor(), row)
    assert changes.waiting().count() == 0


@pytest.mark.parametrize("minutes", ["0", "61", "x", "-1", "1.5", "600"])
def test_the_minutes_are_1_to_60(site: Site, minutes: str) -> None:
    path = f"settings/security?confirm_within={minutes}"
    refused = site.admin.refusal("PATCH", path, {"failed_authentication_limit": 7})
    assert refused["error_id"] == "confirm.minutes"
    assert limit() == SecuritySettings().failed_authentication_limit


def test_what_cannot_be_taken_back_is_refused_and_not_done(site: Site) -> None:
    refused = site.admin.refusal("POST", "tenants?confirm_within=5", {"name": "New", "domain": "new.example"})
    assert (refused["status"], refused["error_id"]) == (422, "confirm.not_reversible")
    assert not any(tenant["domain"] == "new.example" for tenant in site.admin.get("tenants")["items"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "bans", {"address": "192.0.2.7", "seconds": 60}),
        ("DELETE", "bans/192.0.2.7", None),
    ],
)
def test_what_another_process_would_do_for_good_is_not_asked_of_it(
    site: Site, method: str, path: str, body: dict[str, Any] | None
) -> None:
    """The guard bans at once: refused afterwards, the ban stood though the answer said no."""
    site.guard.answers |= {"bans.add": {"address": "192.0.2.7"}, "bans.lift": {"address": "192.0.2.7"}}
    refused = site.admin.refusal(method, f"{path}?confirm_within=5", body)
    assert (refused["status"], refused["error_id"]) == (422, "confirm.not_reversible")
    assert not {"bans.add", "bans.lift"} & set(site.guard.verbs())


def test_a_tenants_administrator_sees_and_confirms_nothing(site: Site) -> None:
    number = saved(site, failed_authentication_limit=7)
    assert over(site.a, NEW).call("GET", "unconfirmed-changes")[0] == 403
    assert over(site.a, NEW).call("POST", f"unconfirmed-changes/{number}/confirm")[0] == 403


def test_a_revert_waits_for_the_guard_when_only_it_can_tell_what_is_protected(site: Site) -> None:
    entry = site.admin.post("ip-filters", cidr="203.0.113.0/24", target="block")["id"]
    over(site.admin, OLD).call("DELETE", f"ip-filters/{entry}?confirm_within=1")
    site.guard.stop()
    with pytest.raises(Exception, match="guard"):
        changes.revert_due(later())
    assert changes.waiting().count() == 1
    assert not AddressEntry.objects.filter(cidr="203.0.113.0/24").exists()


HOURS = 3 * 3600.0


@pytest.mark.parametrize("clock_set", [-HOURS, HOURS])
def test_a_clock_that_is_set_moves_no_deadline(site: Site, clock_set: float) -> None:
    """Attack cases 68 and 70: set back by hours, whoever had locked himself out stayed out for as long."""
    saved(site, minutes=5, failed_authentication_limit=7)
    assert changes.revert_due(later(290, clock_set)) == 0
    assert changes.waiting().get().seconds_left(later(290, clock_set)) in (9, 10)
    assert changes.revert_due(later(301, clock_set)) == 1


@pytest.mark.parametrize(("clock_set", "due"), [(0.0, 0), (400.0, 1), (-HOURS, 1)])
def test_after_a_boot_the_clock_on_the_wall_decides_and_an_impossible_one_reverts(
    site: Site, clock_set: float, due: int
) -> None:
    """Attack case 122: at boot it may be 1970."""
    saved(site, minutes=5, failed_authentication_limit=7)
    assert changes.revert_due(later(10, clock_set, boot="another")) == due


def test_a_clock_set_forward_makes_no_old_connection_new(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    number = saved(site, failed_authentication_limit=7)
    monkeypatch.setattr(changes, "present", lambda: later(60, HOURS))
    refused = over(site.admin, "7-9 120.000").refusal("POST", f"unconfirmed-changes/{number}/confirm")
    assert refused["error_id"] == "confirm.same_connection"
    assert over(site.admin, "7-9 30.000").call("POST", f"unconfirmed-changes/{number}/confirm")[0] == 204


@pytest.mark.parametrize("first_ends_first", [True, False])
def test_two_changes_of_the_same_that_nobody_confirms_leave_what_was_before_both(
    site: Site, first_ends_first: bool
) -> None:
    """Attack case 68 with two administrators: the later one brought back what the first had never confirmed."""
    one, other = (1, 5) if first_ends_first else (5, 1)
    saved(site, one, failed_authentication_limit=7)
    saved(site, other, failed_authentication_limit=9)
    changes.revert_due(later(61))
    changes.revert_due(later())
    assert limit() == SecuritySettings().failed_authentication_limit


def test_what_touches_something_else_goes_on_waiting(site: Site) -> None:
    saved(site, 1, failed_authentication_limit=7)
    saved(site, 5, level_1_packets=501)
    assert changes.revert_due(later(61)) == 1
    assert (limit(), SecurityValues.current().level_1_packets) == (SecuritySettings().failed_authentication_limit, 501)


def test_what_was_confirmed_stays_when_what_it_was_built_on_is_not(site: Site) -> None:
    saved(site, 1, failed_authentication_limit=7)
    changes.confirm_from_shell(shell_actor(), changes.found(saved(site, 5, failed_authentication_limit=9)))
    changes.revert_due(later())
    assert limit() == 9


def test_an_entry_changed_while_its_making_waits_goes_with_it(site: Site) -> None:
    admin = over(site.admin, OLD)
    entry = admin.post("ip-filters?confirm_within=1", cidr="203.0.113.0/24", target="allow")["id"]
    admin.call("PATCH", f"ip-filters/{entry}?confirm_within=5", {"description": "Mine"})
    assert changes.revert_due(later(61)) == 1
    assert not AddressEntry.objects.exists()
    assert changes.waiting().count() == 0


def test_one_revert_that_waits_for_the_guard_holds_up_no_other(site: Site) -> None:
    entry = site.admin.post("ip-filters", cidr="203.0.113.0/24", target="block")["id"]
    over(site.admin, OLD).call("DELETE", f"ip-filters/{entry}?confirm_within=1")
    saved(site, 1, failed_authentication_limit=7)
    site.guard.stop()
    with pytest.raises(Exception, match="guard"):
        changes.revert_due(later())
    assert limit() == SecuritySettings().failed_authentication_limit
