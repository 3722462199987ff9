"""A clock that was ahead is set right: nobody is locked out, nothing stays open or waits until it comes there again
(attack case 122)."""

from datetime import UTC, datetime, timedelta
from typing import Final
from unittest.mock import patch

import pytest
from axes.models import AccessAttempt
from django.utils import timezone

from ringfence.portal.backups.models import Backup
from ringfence.portal.clocksteps import ClockSteps, date_anew
from ringfence.portal.notices.models import Destination, Progress
from ringfence.portal.people.models import ApiToken, Person
from ringfence.portal.provisioning.models import Phone
from ringfence.portal.signin import factors
from ringfence.portal.signin.models import PortalSession, WrongCode
from ringfence.portal.webphone.models import PhoneCredential
from tests.unit.portal.rest import PASSWORD, Rest, Site
from tests.unit.portal.signing_in import signed_in_browser, with_app

YEAR: Final = timedelta(days=365)
HOUR: Final = timedelta(hours=1)
STRANGER: Final = "198.51.100.9"


class Clocks:
    """One clock that can be set and one that cannot."""

    def __init__(self) -> None:
        self.wall, self.boot = datetime(2026, 11, 28, tzinfo=UTC), timedelta(hours=5)

    def pass_by(self, seconds: float, step: timedelta = timedelta()) -> None:
        self.wall += timedelta(seconds=seconds) + step
        self.boot += timedelta(seconds=seconds)


def dated(clocks: Clocks, follows_a_server: bool, *steps: float) -> list[timedelta | None]:
    """What is dated anew, after a beginning that finds nothing, while the clock is set by so many seconds."""
    looker = ClockSteps(lambda: clocks.wall, lambda: clocks.boot, lambda: follows_a_server)
    with patch("ringfence.portal.clocksteps.date_anew") as anew:
        looker.look()
        anew.reset_mock()
        for step in steps:
            clocks.pass_by(1.0, timedelta(seconds=step))
            looker.look()
        return [call.args[1] for call in anew.call_args_list]


@pytest.mark.parametrize("follows_a_server", [True, False])
@pytest.mark.parametrize("step", [0.0, -9.0, 3600.0, YEAR.total_seconds()])
def test_drift_and_a_clock_that_was_behind_date_nothing_anew(step: float, follows_a_server: bool) -> None:
    assert dated(Clocks(), follows_a_server, step, 0.0) == []


@pytest.mark.parametrize("follows_a_server", [True, False])
def test_a_clock_that_is_set_back_by_an_hour_does(follows_a_server: bool) -> None:
    assert dated(Clocks(), follows_a_server, -3600.0, 0.0) == [-HOUR]
    assert len(dated(Clocks(), follows_a_server, *[-1.0] * 22)) == 2, "drift adds up"


def test_a_clock_that_loses_its_time_is_not_believed() -> None:
    """A board without a battery: every token of before its restart would end with 1970."""
    year = YEAR.total_seconds()
    assert dated(Clocks(), False, -year, 0.0, year) == []
    assert dated(Clocks(), True, -year, 0.0) == [-YEAR]


def test_what_was_ahead_before_the_beginning_waits_for_a_clock_that_is_right() -> None:
    right, clocks = [False], Clocks()
    looker = ClockSteps(lambda: clocks.wall, lambda: clocks.boot, lambda: right[0])
    with patch("ringfence.portal.clocksteps.date_anew") as anew:
        looker.look()
        clocks.pass_by(60.0, YEAR * 56)
        looker.look()
        assert not anew.called
        right[0] = True
        looker.look()
        looker.look()
    anew.assert_called_once_with(clocks.wall, None)


@pytest.mark.parametrize("ahead", [HOUR, YEAR])
def test_failed_sign_ins_count_for_an_hour_and_no_year(site: Site, ahead: timedelta) -> None:
    stranger = Rest(address=STRANGER)
    for _ in range(6):
        stranger.call("POST", "auth/token", {"username": "admin", "password": "wrong"})
    AccessAttempt.objects.update(attempt_time=timezone.now() + ahead)
    date_anew(now := timezone.now(), -ahead)
    assert AccessAttempt.objects.get().attempt_time == now


def test_codes_rest_for_a_quarter_of_an_hour(site: Site) -> None:
    app, person = with_app(), Person.objects.get(username="admin")
    for _ in range(factors.WRONG_CODES):
        WrongCode.objects.create(person=person, tried_at=timezone.now() + YEAR)
    date_anew(timezone.now(), -YEAR)
    with pytest.raises(factors.CodesRest):
        factors.code_fits(person, app.code())
    later = timezone.now() + factors.WRONG_WITHIN + timedelta(seconds=1)
    with patch.object(timezone, "now", return_value=later):
        assert factors.code_fits(person, app.code())


def test_tokens_and_sessions_live_as_long_as_they_were_meant_to(site: Site) -> None:
    signed_in_browser("admin")
    old = list(ApiToken.objects.values_list("pk", "expires_at"))
    made = Rest().post("auth/token", username="admin", password=PASSWORD, lifetime=3600)
    assert made["token"]
    ahead = ApiToken.objects.exclude(pk__in=[pk for pk, _ in old])
    for row in ahead:
        ApiToken.objects.filter(pk=row.pk).update(created_at=row.created_at + YEAR, expires_at=row.expires_at + YEAR)
    PortalSession.objects.update(created_at=timezone.now() + YEAR, last_seen_at=timezone.now() + YEAR)
    date_anew(now := timezone.now(), -YEAR)
    assert abs(ahead.get().expires_at - now - HOUR) < timedelta(seconds=1)
    assert list(ApiToken.objects.filter(pk__in=[pk for pk, _ in old]).values_list("pk", "expires_at")) == old
    session = PortalSession.objects.get()
    assert session.created_at == session.last_seen_at == now


def test_a_browser_phones_credential_ends_with_its_hours(site: Site) -> None:
    signed_in_browser("100@a.example")
    now, session = timezone.now(), PortalSession.objects.get()
    facts = {"session": session, "extension": session.person.extension, "ha1_md5": "0" * 32}
    dates = {"created_at": now + YEAR, "expires_at": now + YEAR + HOUR}
    PhoneCredential.objects.create(name="100-ahead", **facts, **dates)
    date_anew(now, -YEAR)
    assert PhoneCredential.objects.get().expires_at == now + HOUR


def test_directories_stay_open_for_as_long_as_before(site: Site) -> None:
    wish = {"tenant_id": site.tenants["a"], "vendor": "generic"}
    site.admin.post("phones", extension="100", **wish)
    site.admin.post("phones", extension="101", **wish)
    now = timezone.now()
    late, early = Phone.objects.order_by("pk")
    Phone.objects.filter(pk=late.pk).update(open_until=now + YEAR + HOUR)  # opened while the clock was ahead
    Phone.objects.filter(pk=early.pk).update(open_until=now + timedelta(days=2))
    date_anew(now, -YEAR)
    assert Phone.objects.get(pk=late.pk).open_until == now + HOUR
    assert Phone.objects.get(pk=early.pk).open_until == now + timedelta(days=2)


def test_a_directory_opened_before_an_earlier_boot_is_open_for_a_week_at_most(site: Site) -> None:
    site.admin.post("phones", extension="100", tenant_id=site.tenants["a"], vendor="generic")
    now = timezone.now()
    Phone.objects.update(open_until=now + YEAR)
    date_anew(now, None)
    assert Phone.objects.get().open_until == now + timedelta(days=7)


def test_notices_and_backups_do_not_wait_for_a_year(site: Site) -> None:
    now = timezone.now()
    ahead = {"retry_at": now + YEAR, "delivered_at": now + YEAR, "storm_told": (now + YEAR).timestamp(), "failures": 3}
    Destination.objects.create(name="x", means="webhook", **ahead)
    Progress.objects.update_or_create(pk=1, defaults={"ban_times": [(now + YEAR).timestamp()]})
    Backup.objects.create(asked_by="plan")
    Backup.objects.update(asked_at=now + YEAR)
    date_anew(now, None)
    found = Destination.objects.get()
    assert (found.retry_at, found.delivered_at, found.storm_told) == (None, now, 0.0)
    assert Progress.objects.get().ban_times == []
    assert Backup.objects.get().asked_at == now
