"""An alarm tells of a device that gave way to one from elsewhere, and of no other (attack case 27)."""

from pathlib import Path

from ringfence.guard.clock import Moment, moment
from ringfence.guard.health.displaced import QUIET_AFTER

from .workshop import guard, kinds, line

HOME, ABROAD = "192.0.2.7", "198.51.100.9"


def displaced(aor: str, by: str) -> bytes:
    return line("registration.displaced", aor=aor, contact="sip:1@x", displaced=HOME, source=by, tenant_id=1)


def test_each_extension_whose_device_gave_way_to_one_elsewhere_has_an_alarm_for_a_while(tmp_path: Path) -> None:
    service, now = guard(tmp_path), moment()
    lines = [displaced("1@a.example", ABROAD), displaced("2@a.example", ABROAD), displaced("3@a.example", HOME)]
    service.parts.intake.take(lines, now)
    raised = {alarm["id"]: alarm["message"] for alarm in service.parts.alarms.listing()}
    assert set(raised) == {"registration.displaced.1@a.example", "registration.displaced.2@a.example"}
    assert all(HOME in message and ABROAD in message for message in raised.values())
    service.commit()
    assert kinds(service).count("registration.displaced") == 3
    service.parts.alarms.sweep(Moment(now.wall, now.boot + QUIET_AFTER))
    assert service.parts.alarms.listing() == []


def test_a_device_that_gave_way_is_registered_no_more(tmp_path: Path) -> None:
    service = guard(tmp_path)
    until = int(moment().wall) + 300
    contacts = [{"uri": f"sip:{n}@x", "expires_at": until} for n in (1, 2)]
    told = {"aor": "1@a.example", "source": HOME, "tenant_id": 1, "contacts": contacts, "complete": True}
    service.parts.intake.take([line("registration.saved", **told), displaced("1@a.example", HOME)], moment())
    (found,) = service.parts.standing.registrations.listing(moment().wall)
    assert [one["uri"] for one in found["contacts"]] == ["sip:2@x"]
