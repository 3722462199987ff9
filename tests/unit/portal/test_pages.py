"""Pages: every one opens, strangers see none, and what they carry is strict."""

import pytest
from django.test import Client

from ringfence.portal.people.models import Person
from tests.unit.portal.rest import PASSWORD, Site

PAGES = [
    "/", "/users", "/users/new", "/calls", "/registrations", "/cdrs", "/tenants", "/tenants/new", "/ip-blacklist",
    "/ip-blacklist/new", "/ip-blacklist/entries", "/ip-blacklist/import", "/ip-blacklist/never-block",
    "/ip-blacklist/bans/198.51.100.7", "/security/web-login", "/security/anti-hacking",
    "/security/blocked-user-agents", "/security/notices",
    "/security-dashboard", "/security-dashboard/now", "/security-dashboard/chart.json",
    "/security/notices/new/email", "/audit-log", "/change-password", "/dashboard/numbers", "/dashboard/calls.json",
    "/phones", "/phones/new", "/phones/import", "/phones/rules", "/phones/rules?tenant=1",
    "/roles", "/roles/new", "/roles/1", "/groups", "/groups/new", "/operators", "/operators/new",
    "/rates", "/rates/new", "/rates/import", "/budgets", "/budgets/new",
    "/trunks", "/trunks/new/register", "/trunks/new/address", "/trunks/new/accept_register",
    "/inbound-rules", "/inbound-rules/new", "/number-pools", "/number-pools/new",
    "/blocked-callers", "/blocked-callers/new",
    "/codes", "/codes?tenant=1", "/outbound-rules", "/outbound-rules/new", "/outbound-rules/new?tenant=1",
    "/inbound-rules/explain", "/outbound-rules/explain",
    "/outbound-rules/explain?caller=100@a.example&number=112", "/office-hours",
    "/office-hours/new?tenant=1",
]  # fmt: skip


def browser(username: str = "admin", password: str = PASSWORD) -> Client:
    client = Client()
    Person.objects.filter(username=username).update(must_change_password=False)
    assert client.post("/sign-in", {"username": username, "password": password}, secure=True).status_code == 302
    return client


def fill(site: Site) -> None:
    ban = {"address": "198.51.100.7", "rule": "r", "reason": "50 failures", "by": "guard", "since": 1.0, "until": 2e9}
    site.guard.answers["bans.list"] = [{**ban, "evidence": {"accounts": ["<script>alert(1)</script>"]}}]
    contact = {"uri": "sip:101@192.0.2.1", "expires_at": 2e9}
    site.guard.answers["registrations.list"] = [
        {"aor": "101@a.example", "tenant_id": site.tenants["a"], "source": "192.0.2.1", "contacts": [contact]}
    ]
    site.guard.answers["calls.list"] = [
        {"call_id": "x", "caller": "101@a.example", "state": "ringing", "started_at": 1.0}
    ]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("guarded", [True, False])
def test_every_page_opens_with_and_without_the_guard(site: Site, path: str, guarded: bool) -> None:
    fill(site)
    client = browser()
    if not guarded:
        site.guard.stop()
    answer = client.get(path, secure=True)
    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_led_to_sign_in(site: Site, path: str) -> None:
    answer = Client().get(path, secure=True)
    assert answer.headers["Location"].startswith("/sign-in?next=")
    live = Client().get(path, secure=True, headers={"HX-Request": "true"})
    assert (live.status_code, live.headers["HX-Redirect"]) == (204, "/sign-in")


@pytest.mark.parametrize(
    "path", ["/tenants", "/ip-blacklist", "/security/anti-hacking", "/security/blocked-user-agents"]
)
def test_system_pages_are_closed_to_tenant_administrators(site: Site, path: str) -> None:
    client = browser("100@a.example")
    assert client.get(path, secure=True).status_code == 403
    assert path.encode() not in client.get("/users", secure=True).content


def test_pages_have_no_inline_script_or_style(site: Site) -> None:
    client = browser()
    for path in PAGES:
        page = client.get(path, secure=True).content.decode()
        assert "<script>" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert "//cdn" not in page


def test_the_secret_is_on_the_page_once(site: Site) -> None:
    client = browser("100@a.example")
    form = {"tenant_id": site.tenants["a"], "extension": "200", "display_name": "Ann", "role": "Standard User"}
    made = client.post("/users/new", form, secure=True)
    assert b'id="secret"' in made.content
    person = Person.objects.get(username="200@a.example")
    assert b'id="secret"' not in client.get(f"/users/{person.pk}", secure=True).content
    assert b'id="secret"' in client.post(f"/users/{person.pk}/sip-secret", secure=True).content


def test_a_reload_of_what_only_a_form_sends_leads_back(site: Site) -> None:
    """The browser showed a page of its own, "HTTP ERROR 405"."""
    answer = browser("100@a.example").get("/sign-out", secure=True)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert b"Back to the start" in answer.content
    german = browser("100@a.example")
    german.post("/my/language", {"language": "de"}, secure=True)
    assert "Hier gibt es nichts zu sehen" in german.get("/sign-out", secure=True).content.decode()


def test_another_tenants_user_has_no_page(site: Site) -> None:
    client = browser("100@a.example")
    for path in ("", "/sip-secret", "/delete"):
        assert client.post(f"/users/{site.users['101@b.example']}{path}", secure=True).status_code == 404


def test_forms_need_their_token(site: Site) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/sign-in", {"username": "admin", "password": PASSWORD}, secure=True)
    assert answer.status_code == 403


def test_signing_in_changes_the_session_and_signing_out_ends_it(site: Site) -> None:
    client = browser()
    cookie = client.cookies["__Host-session"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Strict")
    client.post("/sign-out", secure=True)
    assert client.get("/", secure=True).status_code == 302


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_after_sign_in_nobody_is_sent_elsewhere(site: Site, wanted: str) -> None:
    form = {"username": "admin", "password": PASSWORD, "next": wanted}
    assert Client().post("/sign-in", form, secure=True).headers["Location"] == "/"


def test_changing_the_password_needs_the_current_one_and_the_rules(site: Site) -> None:
    client = browser()
    for current, new in (("wrong", "other-Horse9"), (PASSWORD, "admin"), (PASSWORD, "1234-abcd-Zq")):
        form = {"current": current, "password": new, "again": new}
        assert client.post("/change-password", form, secure=True).status_code == 422
    form = {"current": PASSWORD, "password": "other-Horse9", "again": "other-Horse9"}
    assert client.post("/change-password", form, secure=True).status_code == 302
    assert client.get("/", secure=True).status_code == 200
    assert Client().post("/sign-in", {"username": "admin", "password": PASSWORD}, secure=True).status_code == 401


def test_settings_pages_save_and_explain(site: Site) -> None:
    client = browser()
    values = site.admin.get("settings/security")
    form = {name: value for name, value in values.items() if value is not False}
    assert client.post("/security/anti-hacking", {**form, "level_1_packets": 3000}, secure=True).status_code == 422
    assert client.post("/security/anti-hacking", {**form, "level_1_packets": 400}, secure=True).status_code == 302
    assert site.admin.get("settings/security") == {**values, "level_1_packets": 400}


@pytest.mark.parametrize("name", ["../settings.py", "%2e%2e/settings.py", "..%2fsettings.py", "nothing.css", "vendor"])
def test_static_files_come_only_from_their_folder(site: Site, name: str) -> None:
    assert Client().get("/static/portal.css", secure=True)["Content-Type"] == "text/css"
    assert Client().get(f"/static/{name}", secure=True).status_code == 404


def test_a_setting_and_a_whole_tab_return_to_their_default(site: Site) -> None:
    client = browser()
    standard = site.admin.get("settings/security")
    site.admin.call("PATCH", "settings/security", {"detection_period": 20, "level_1_packets": 400})
    assert b'value="detection_period"' in client.get("/security/anti-hacking", secure=True).content
    client.post("/security/anti-hacking", {"reset": "detection_period"}, secure=True)
    assert site.admin.get("settings/security") == {**standard, "level_1_packets": 400}
    client.post("/security/anti-hacking", {"reset": "web_failed_login_limit"}, secure=True)
    client.post("/security/anti-hacking", {"reset": "all"}, secure=True)
    assert site.admin.get("settings/security") == standard


def test_a_closed_door_of_the_portal_is_lifted_alone(site: Site) -> None:
    door = {"address": "198.51.100.7", "reason": "6 failed sign-ins", "scope": "web", "by": "guard", "until": 4e9}
    site.guard.answers["bans.explain"] = {"address": "198.51.100.7", "ban": None, "doors": [door]}
    client = browser()
    page = client.get("/ip-blacklist/bans/198.51.100.7", secure=True).content
    assert b"6 failed sign-ins" in page
    assert b'name="scope" value="web"' in page
    client.post("/ip-blacklist/lift", {"address": "198.51.100.7", "scope": "web"}, secure=True)
    assert ("bans.lift", {"address": "198.51.100.7", "by": "admin", "scope": "web"}) in site.guard.asked
