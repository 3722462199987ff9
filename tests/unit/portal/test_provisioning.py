"""Who gets a phone's configuration, who learns nothing (reference: "IP Phone Security"; attack cases V100 to V104)."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ringfence.policy.events import Kind
from ringfence.portal.audit.models import Entry
from ringfence.portal.notices.collect import topic_of
from ringfence.portal.notices.topics import Topic
from ringfence.portal.people.changes import sip_secret_of
from ringfence.portal.people.models import Extension, Person
from ringfence.portal.problems import Forbidden
from ringfence.portal.provisioning import changes
from ringfence.portal.provisioning.models import Phone
from ringfence.portal.provisioning.sweeps import SWEEPS
from ringfence.portal.provisioning.vendors import Vendor
from ringfence.portal.provisioning.wish import Wish
from ringfence.portal.wsi.cursor import Stream
from ringfence.portal.wsi.sources import Item
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import post, signed_in_browser

MAC = "001565aabbcc"
YEALINK = "Yealink SIP-T46S 66.85.0.5 00:15:65:aa:bb:cc"
OFFICE, ELSEWHERE = "198.51.100.7", "203.0.113.9"
NOTHING = (404, b"Not found\n")


@pytest.fixture(autouse=True)
def _fresh_count() -> None:
    SWEEPS.forget()


def add(site: Site, **more: Any) -> dict[str, Any]:
    wish = {"tenant_id": site.tenants["a"], "extension": "101", "vendor": "yealink", "mac": MAC, **more}
    made: dict[str, Any] = site.a.post("phones", **wish)
    return made


def fetch(
    path: str,
    address: str = OFFICE,
    agent: str = YEALINK,
    login: str = "",
    method: str = "GET",
    host: str = "pbx.example",
    secure: bool = True,
) -> HttpResponse:
    headers = {"User-Agent": agent, "Host": host}
    if login:
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    answer: Any = Client().generic(
        method, path[path.index("/provisioning") :], REMOTE_ADDR=address, secure=secure, headers=headers
    )
    return answer


def told(answer: HttpResponse) -> tuple[int, bytes]:
    return answer.status_code, answer.content


def actions() -> list[str]:
    return [entry.action for entry in Entry.objects.filter(action__startswith="phone.").order_by("id")]


def test_a_phone_fetches_its_file_and_the_directory_closes_behind_it(site: Site) -> None:
    made = add(site)
    answer = fetch(made["file"])
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    secret = sip_secret_of(Extension.objects.select_related("tenant").get(number="101", tenant_id=site.tenants["a"]))
    assert f"account.1.password = {secret}\n".encode() in answer.content
    assert len(made["directory"].rstrip("/").rpartition("/")[2]) * 4 >= 128
    assert fetch(made["file"]).status_code == 200, "phones fetch several times while they start"
    Phone.objects.update(open_until=timezone.now() - timedelta(seconds=1))
    assert told(fetch(made["file"])) == NOTHING
    assert actions() == ["phone.created", "phone.fetched"], "a phone that starts again is no alarm"


def test_strangers_learn_nothing_from_the_answer(site: Site) -> None:
    """Case 100: unknown MAC, known MAC without its directory, closed directory, other file, `../`: all the same."""
    made = add(site)
    token = made["directory"].split("/")[-2]
    Phone.objects.update(open_until=timezone.now())
    paths = [
        f"/provisioning/{MAC}.cfg",
        f"/provisioning/{'0' * 40}/{MAC}.cfg",
        f"/provisioning/{'0' * 40}/001565000000.cfg",
        f"/provisioning/{token}/{MAC}.cfg",
        f"/provisioning/{token}/other.cfg",
        f"/provisioning/{token}/../{MAC}.cfg",
        f"/provisioning/{token}/",
        f"/provisioning/{token}",
        "/provisioning/",
        "/provisioning",
        "/provisioning/%00/%0d%0a",
    ]
    answers = [fetch(path) for path in paths]
    assert {told(answer) for answer in answers} == {NOTHING}
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_files_are_only_read(site: Site, method: str) -> None:
    assert told(fetch(add(site)["file"], method=method)) == NOTHING


def test_the_address_is_good_once_for_an_app(site: Site) -> None:
    """Case 101: used twice, the second one gets nothing, and it is told of."""
    made = add(site, vendor="generic", mac="", grace_minutes=0)
    assert fetch(made["file"], agent="Linphone/5").status_code == 200
    assert told(fetch(made["file"], agent="Linphone/5")) == NOTHING
    assert actions()[-1] == "phone.refused"


def test_the_address_is_good_in_one_place_only(site: Site) -> None:
    """Case 101: from another network nothing comes, while the phone's own can still fetch; told of once."""
    made = add(site)
    assert fetch(made["file"]).status_code == 200
    assert [told(fetch(made["file"], ELSEWHERE)) for _ in range(3)] == [NOTHING] * 3
    assert fetch(made["file"]).status_code == 200
    assert actions().count("phone.refused") == 1


@pytest.mark.parametrize("networks", [{"networks": ["198.51.100.0/24"]}, {}])
def test_networks_hold_for_the_phone_or_the_tenant(site: Site, networks: dict[str, Any]) -> None:
    """Case 101: the address or network that was set for the phone, or for all phones of the tenant."""
    if not networks:
        site.a.call("PATCH", f"tenants/{site.tenants['a']}/provisioning", {"networks": ["198.51.100.0/24"]})
    made = add(site, **networks)
    assert told(fetch(made["file"], ELSEWHERE)) == NOTHING
    assert actions()[-1] == "phone.refused"
    assert fetch(made["file"]).status_code == 200


def test_late_is_nothing(site: Site) -> None:
    """Case 101: nobody came within a week."""
    made = add(site)
    Phone.objects.update(open_until=timezone.now() - timedelta(seconds=1))
    assert told(fetch(made["file"])) == NOTHING
    assert actions()[-1] == "phone.refused"


def test_another_phone_with_this_address_is_refused(site: Site) -> None:
    """Case 102: the directory of one MAC, and a User-Agent that says another."""
    made = add(site)
    answer = fetch(made["file"], agent="Yealink SIP-T46S 66.85.0.5 00:15:65:00:00:01")
    assert answer.status_code == 403
    assert actions()[-1] == "phone.refused"
    assert fetch(made["file"], agent="curl").status_code == 200


def test_a_phone_with_a_login_has_to_send_it(site: Site) -> None:
    made = add(site, needs_login=True)
    asked = fetch(made["file"])
    assert (asked.status_code, asked["WWW-Authenticate"]) == (401, 'Basic realm="provisioning", charset="UTF-8"')
    assert fetch(made["file"], login="001565aabbcc:guess").status_code == 401
    answer = fetch(made["file"], login=f"{made['login_user']}:{made['login_password']}")
    assert answer.status_code == 200
    assert made["login_password"].encode() in answer.content, "the phone needs it for the next time"


def test_a_sweep_closes_provisioning_and_nothing_else(site: Site) -> None:
    """Case 100: 1,000 MACs; the guard bans in the scope provisioning, and then the right address is nothing too."""
    made = add(site)
    for number in range(21):
        assert told(fetch(f"/provisioning/{number:040x}/00156500{number:04x}.cfg", ELSEWHERE)) == NOTHING
    bans = [args for verb, args in site.guard.asked if verb == "bans.add"]
    assert [(ban["address"], ban["scope"], ban["seconds"]) for ban in bans] == [(ELSEWHERE, "provisioning", 3600)]
    site.guard.answers["bans.at-door"] = {"banned": True}
    assert told(fetch(made["file"], ELSEWHERE)) == NOTHING


def test_while_the_guard_is_away_the_count_alone_closes(site: Site) -> None:
    made = add(site)
    site.guard.stop()
    for number in range(21):
        fetch(f"/provisioning/{number:040x}/x.cfg", ELSEWHERE)
    assert told(fetch(made["file"], ELSEWHERE)) == NOTHING
    assert fetch(made["file"]).status_code == 200


def test_phones_with_an_old_address_are_no_sweep(site: Site) -> None:
    """An office whose phones still ask for the directory before the last one is not shut out for it."""
    made = add(site)
    again = site.a.post(f"phones/{made['id']}/rotate")
    assert again["directory"] != made["directory"]
    for _ in range(30):
        assert told(fetch(made["file"])) == NOTHING
    assert "bans.add" not in site.guard.verbs()
    assert fetch(again["file"]).status_code == 200


def test_a_phone_that_changes_hands_takes_no_secret_along(site: Site) -> None:
    """Directory, passwords and the SIP secret of the extension it had are new (reference: "IP Phone Security")."""
    made = add(site)
    former = Extension.objects.select_related("tenant").get(number="101", tenant_id=site.tenants["a"])
    before = sip_secret_of(former)
    status, _ = site.a.call("PATCH", f"phones/{made['id']}", {"extension": "100"})
    assert status == 200
    former.refresh_from_db()
    assert sip_secret_of(former) != before
    assert told(fetch(made["file"])) == NOTHING
    now = site.a.post(f"phones/{made['id']}/directory")
    assert (now["extension"], now["admin_password"] != made["admin_password"]) == ("100", True)
    week = timezone.now() + timedelta(days=6)
    assert Phone.objects.get().open_until > week, "a new directory is typed in by hand: it has the time of a new phone"
    assert b"account.1.user_name = 100\n" in fetch(now["file"]).content


def test_a_new_sip_secret_opens_the_directory_and_calls_the_phone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changing the SIP password provisions anew: or the phone becomes what looks like an attacker."""
    said: list[dict[str, Any]] = []
    monkeypatch.setattr("ringfence.portal.provisioning.resync.tell_voice", said.append)
    made = add(site)
    Phone.objects.update(open_until=timezone.now() - timedelta(days=1), bound_to=OFFICE)
    site.a.post(f"users/{site.users['101@a.example']}/sip-secret")
    assert said == [{"about": "phone", "aor": "101@a.example", "event": "check-sync;reboot=false"}]
    assert fetch(made["file"]).status_code == 200


def test_nothing_secret_is_readable_in_the_database_or_over_get(site: Site) -> None:
    made = add(site, needs_login=True)
    token = made["directory"].split("/")[-2]
    row = Phone.objects.values().get(pk=made["id"])
    shown = site.a.get(f"phones/{made['id']}")
    for secret in (token, made["login_password"], made["admin_password"]):
        assert secret.encode() not in repr(row).encode() + repr(shown).encode()
    assert not {"directory", "file", "login_password", "admin_password"} & set(shown)


def test_only_who_may_do_as_much_sets_up_phones(site: Site) -> None:
    """A file holds a SIP secret, so a helper cannot reach for the administrator's extension."""
    site.a.post("roles", tenant_id=site.tenants["a"], name="Desk", permissions=["phones.write", "call.internal"])
    site.a.call("PATCH", f"users/{site.users['101@a.example']}", {"role": "Desk"})
    helper = Person.objects.get(username="101@a.example").acts_from(OFFICE)
    above = changes.extension_named(helper, site.tenants["a"], "100")
    with pytest.raises(Forbidden):
        changes.add(helper, above, Wish(Vendor.YEALINK, MAC))


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"mac": "001565"}, "mac"),
        ({"mac": "ffffffffffff"}, "mac"),
        ({"mac": "01:00:5e:00:00:01"}, "mac"),
        ({"firmware": "file:///etc/passwd"}, "firmware"),
        ({"firmware": "https://x.example/$(reboot)"}, "firmware"),
        ({"firmware": "https://user:pw@x.example/a"}, "firmware"),
        ({"time_server": "a;b"}, "time_server"),
        ({"networks": ["10.0.0.0/33"]}, "networks"),
        ({"keys": [{"kind": "blf", "value": "1;2"}]}, "keys"),
        ({"keys": [{"kind": "blf", "value": "102", "label": "a\nb"}]}, "keys"),
        ({"codecs": []}, "codecs"),
        ({"model": "T46<S>"}, "model"),
        ({"extension": "999"}, "extension"),
    ],
)
def test_a_refusal_names_the_field(site: Site, wish: dict[str, Any], field: str) -> None:
    body = {"tenant_id": site.tenants["a"], "extension": "101", "vendor": "yealink", "mac": MAC, **wish}
    assert site.a.refusal("POST", "phones", body)["field"] == field


def test_one_mac_is_one_phone_of_a_tenant(site: Site) -> None:
    add(site)
    body = {"tenant_id": site.tenants["a"], "extension": "100", "vendor": "snom", "mac": "00-15-65-AA-BB-CC"}
    assert site.a.refusal("POST", "phones", body)["error_id"] == "phone.exists"
    site.b.post("phones", **{**body, "tenant_id": site.tenants["b"]})


def test_a_file_of_phones_is_made_whole_or_not_at_all(site: Site) -> None:
    good = "extension,vendor,mac,transport\n100,yealink,00:15:65:00:00:01,tls\n101,snom,00:04:13:00:00:02,udp\n"
    bad = good + "101,acme,00:04:13:00:00:03,tls\n999,snom,00:04:13:00:00:04,tls\n101,snom,00:15:65:00:00:01,tls\n"
    wish = {"tenant_id": site.tenants["a"], "dry_run": False}
    looked = site.a.post("phones/import", text=bad, **wish)
    assert (looked["made"], [bool(line["faults"]) for line in looked["lines"]]) == (0, [False, False, True, True, True])
    assert site.a.post("phones/import", text=good, tenant_id=site.tenants["a"])["made"] == 0
    assert Phone.objects.count() == 0
    assert site.a.post("phones/import", text=good, **wish)["made"] == 2
    assert [row.mac for row in Phone.objects.all()] == ["001565000001", "000413000002"]


def test_people_set_up_an_app_themselves_with_a_code_that_works_once(site: Site) -> None:
    """The QR code leads to the file; it does not hold the SIP secret."""
    browser = signed_in_browser("100@a.example")
    answer = post(browser, "/my/phones/add")
    secret = sip_secret_of(Extension.objects.select_related("tenant").get(number="100", tenant_id=site.tenants["a"]))
    assert answer.status_code == 200
    assert secret not in answer.content.decode()
    row = Phone.objects.get()
    assert (row.vendor, row.opening, row.grace_minutes, row.extension.number) == ("generic", "once", 0, "100")


def test_a_fetch_asks_the_database_a_fixed_number_of_questions(site: Site) -> None:
    """Whatever the number of phones: one question finds the directory."""
    made = add(site)
    for number in range(15):
        add(site, extension="100", mac=f"0015650000{number:02x}")
    fetch(made["file"])
    with CaptureQueriesContext(connection) as asked:
        fetch(made["file"])
    selects = [one["sql"] for one in asked if one["sql"].startswith("SELECT") and "provisioning_phone" in one["sql"]]
    assert len(selects) == 1


def test_a_directory_leads_nowhere_while_what_it_needs_is_missing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone set to TLS is never given UDP in silence when somebody deletes that transport."""
    made = add(site)
    monkeypatch.setattr("ringfence.portal.provisioning.sheet.read_transports", lambda _path: ())
    assert told(fetch(made["file"])) == NOTHING


def test_pages_add_change_open_and_delete_a_phone(site: Site) -> None:
    browser = signed_in_browser("100@a.example")
    form = {
        "tenant_id": site.tenants["a"], "extension": "101", "vendor": "yealink", "mac": "00:15:65:AA:BB:CC",
        "transport": "udp", "srtp": "optional", "codecs": ["PCMA"], "keys": "blf 100 Ann\ndial 0301234 Taxi",
        "networks": "198.51.100.0/24", "opening": "once", "grace_minutes": "15",
    }  # fmt: skip
    made = post(browser, "/phones/new", form)
    row = Phone.objects.get()
    assert "/provisioning/" in made.content.decode() and "data:image/svg" in made.content.decode()
    assert [key["kind"] for key in row.keys] == ["blf", "speed_dial"]
    page = f"/phones/{row.pk}"
    assert post(browser, page, {**form, "keys": "wink 100"}).status_code == 422
    assert post(browser, page, {**form, "voice_vlan": "42"}).status_code == 302
    assert post(browser, f"{page}/open").status_code == 302
    assert "/provisioning/" in post(browser, f"{page}/directory").content.decode()
    assert "/provisioning/" in post(browser, f"{page}/rotate").content.decode()
    assert post(browser, "/phones/rules", {"server": "pbx.example", "networks": "10.0.0.0/8"}).status_code == 302
    listed = browser.get("/phones?search=00:15:65", secure=True).content.decode()
    assert "00:15:65:aa:bb:cc" in listed and "/provisioning/" not in listed
    assert "directory" not in browser.get("/phones?format=csv", secure=True).content.decode()
    assert post(browser, "/phones/bulk", {"action": "delete", "id": [str(row.pk)]}).status_code == 302
    assert not Phone.objects.exists()
    assert actions() == [
        "phone.created", "phone.changed", "phone.opened", "phone.directory_shown", "phone.rotated", "phone.deleted",
    ]  # fmt: skip


def test_a_file_is_imported_on_the_page_in_two_steps(site: Site) -> None:
    browser = signed_in_browser("100@a.example")
    wish = {"tenant_id": site.tenants["a"], "text": "extension,vendor,mac\n101,snom,000413000001\n"}
    looked = post(browser, "/phones/import", {**wish, "check": "1"})
    assert (looked.status_code, Phone.objects.count()) == (200, 0)
    assert post(browser, "/phones/import", {**wish, "make": "1"}).status_code == 302
    assert Phone.objects.count() == 1
    assert b"There is already" not in looked.content
    faulty = post(browser, "/phones/import", {**wish, "check": "1"})
    assert b"has the phone with this MAC address" in faulty.content


def test_phones_know_the_system_by_the_name_in_its_certificate(site: Site) -> None:
    """The tenant's name for this system stands in every address; with TLS phones check the certificate against it."""
    path = f"tenants/{site.tenants['a']}/provisioning"
    assert site.a.refusal("PATCH", path, {"server": "a b"})["field"] == "server"
    site.a.call("PATCH", path, {"server": "pbx.example", "time_server": "time.example", "voice_vlan": 42})
    made = add(site)
    assert made["directory"].startswith("https://pbx.example:8887/provisioning/")
    text = fetch(made["file"]).content.decode()
    assert "account.1.outbound_proxy.1.address = pbx.example\n" in text
    assert "local_time.ntp_server1 = time.example\n" in text and "internet_port_vid = 42\n" in text


def test_people_are_told_of_a_refused_fetch(site: Site) -> None:
    """Case 101: and alarm. The notice topic "provisioning" holds it, and it is no change of a setting."""
    event = {"action": "phone.refused", "object_label": "101 001565aabbcc", "address": ELSEWHERE}
    assert topic_of(Item(Stream.AUDIT, 1, str(Kind.AUDIT_RECORDED), 1.0, event)) is Topic.PROVISIONING
