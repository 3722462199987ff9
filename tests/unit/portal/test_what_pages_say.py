"""What people read on pages: words in their language instead of codes and counts, and first of all what is wrong."""

from html.parser import HTMLParser
from typing import Any, Final

import pytest
from django.utils import timezone, translation

from ringfence.portal.calls.models import CallRecord
from ringfence.portal.confirm.said import said
from ringfence.portal.confirm.undo import UNDO
from ringfence.portal.language import told
from ringfence.portal.spending.whose import whose
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import get, signed_in_browser
from tests.unit.portal.test_trunks import CARRIER

PAGES: Final = (
    "/", "/users", "/users/new", "/users/import", "/phones", "/phones/new", "/groups", "/roles", "/roles/new",
    "/trunks", "/trunks/new/register", "/trunks/new/address", "/trunks/new/accept_register", "/ring-groups",
    "/announcements", "/time-conditions", "/voicemail", "/recordings", "/inbound-rules", "/number-pools",
    "/blocked-callers", "/outbound-rules", "/outbound-rules/explain", "/office-hours", "/calls", "/registrations",
    "/budgets", "/budgets/new", "/rates", "/rates/new", "/cdrs", "/tenants", "/tenants/new", "/operators",
    "/operators/new", "/ip-blacklist", "/ip-blacklist/entries", "/ip-blacklist/new", "/ip-blacklist/never-block",
    "/security-dashboard", "/doctor", "/security/web-login", "/security/anti-hacking", "/security/notices",
    "/security/blocked-user-agents", "/transports", "/voice-network", "/sbc", "/firewall", "/backups", "/kept-data",
    "/password-policy", "/my/sessions", "/my/tokens",
)  # fmt: skip
"""The audit log is left out: it holds what was written, as it was written."""
SAME_IN_BOTH: Final = ("AWS: ", "Azure: ", "Google Cloud: ", "Standard User", "Standard International User")
"""What German pages rightly say in the same words: products, and the roles' names of the reference."""

DATA: Final = (
    "tenant",
    "Tenant",
    "a.example",
    "b.example",
    "System Administrator",
    "Example Ltd",
    "(SPA, MPP)",
    "App (",
)
NOT_READ: Final = ("script", "style", "code", "title")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        mono = "mono" in (dict(attrs).get("class") or "").split()
        if tag not in ("input", "meta", "link", "use", "br", "img"):
            self._inside.append("code" if mono else tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if " " in text and not any(tag in NOT_READ for tag in self._inside):
            self.found.add(text)


def _phrases(page: str) -> set[str]:
    """Of two words and more: a single one is often the same in both languages."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return {text for text in reader.found if sum(word[0].isalpha() for word in text.split()) > 1}


def test_a_german_page_says_nothing_in_english(site: Site) -> None:
    """ADR 39: what a page shows is in the catalog, also labels and choices that code without Django wrote."""
    browser = signed_in_browser("admin")
    read: dict[str, dict[str, set[str]]] = {}
    for language in ("en", "de"):
        site.admin.call("PUT", "language", {"language": language})
        read[language] = {path: _phrases(get(browser, path).content.decode()) for path in PAGES}
    left = {
        (path, text)
        for path in PAGES
        for text in read["en"][path] & read["de"][path]
        if not text.startswith(SAME_IN_BOTH) and not any(name in text for name in DATA)
    }
    assert sorted(left) == []


def test_the_first_page_says_what_is_wrong(site: Site) -> None:
    """An administrator sees at once what matters: alarms, trunks that do not answer, who is suspended."""
    trunk = site.admin.post("trunks", **CARRIER)
    site.guard.answers["alarms.list"] = [{"id": "disk.low", "since": 0.0, "message": "Only 512 MiB are free."}]
    peer = trunk["peers"][0]["address"]
    site.guard.answers["trunks.list"] = {f"{trunk['id']} {peer}": {"state": "down"}}
    owner, tenant = f"tenant:{site.tenants['a']}", site.tenants["a"]
    site.guard.answers["budgets.suspended"] = [{"owner": owner, "tenant_id": tenant, "measure": "money_per_day"}]
    page = get(signed_in_browser("admin"), "/").content.decode()
    assert "Only 512 MiB are free." in page
    assert f"The trunk {trunk['name']} does not answer." in page
    assert f"Calls outside of {whose(owner)} are suspended" in page
    site.guard.answers["trunks.list"] = {f"{trunk['id']} {peer}": {"state": "up"}}
    assert "does not answer" not in get(signed_in_browser("admin"), "/dashboard/numbers").content.decode()


def test_a_tenants_administrator_hears_of_no_trouble_of_others(site: Site) -> None:
    site.guard.answers["alarms.list"] = [{"id": "disk.low", "since": 0.0, "message": "Only 512 MiB are free."}]
    owner, tenant = f"tenant:{site.tenants['b']}", site.tenants["b"]
    site.guard.answers["budgets.suspended"] = [{"owner": owner, "tenant_id": tenant, "measure": "money_per_day"}]
    page = get(signed_in_browser("100@a.example"), "/").content.decode()
    assert "512 MiB" not in page
    assert "suspended" not in page


def test_a_call_record_names_its_trunk_and_says_why_it_was_refused(site: Site) -> None:
    """Issue 5, 8: everything an investigator needs, and no numbers of rows."""
    trunk = site.admin.post("trunks", **CARRIER)
    row = _record(site, trunk=trunk["id"], trunks=[trunk["id"]], rule="outbound.national", code=403, ended_by="caller")
    page = get(signed_in_browser("admin"), f"/cdrs/{row.pk}").content.decode()
    assert page.count(trunk["name"]) == 2
    assert "The role may not call outside numbers." in page
    assert "the caller" in page


def test_lists_say_which_hours_and_whose_budget(site: Site) -> None:
    tenant = site.tenants["a"]
    spans = [{"weekday": day, "start": 480, "end": 1080} for day in range(5)]
    hours = site.admin.post("office-hours", tenant_id=tenant, name="Desk", spans=spans)
    trunk = site.admin.post("trunks", **CARRIER)
    rule = {"tenant_id": tenant, "name": "Abroad", "order": 1, "routes": [{"trunk_id": trunk["id"]}]}
    more = {"reaches": ["international"], "availability": "own", "office_hours_id": hours["id"]}
    site.admin.post("outbound-rules", **rule, **more)
    site.admin.post("budgets", owner=f"trunk:{trunk['id']}", minutes_per_day=60)
    site.admin.post("rates", prefix="49", price=0.02)
    browser = signed_in_browser("admin")
    assert "Mon–Fri 08:00–18:00" in get(browser, "/office-hours").content.decode()
    rules = get(browser, "/outbound-rules").content.decode()
    assert "international" in rules
    assert "<td>Desk</td>" in rules
    assert f">{trunk['name']}</a>" in get(browser, "/budgets").content.decode()
    assert ">0.02</td>" in get(browser, "/rates").content.decode()


def test_the_audit_log_says_values_in_words(site: Site) -> None:
    """Nobody reads `{'host': '192.0.2.1', 'port': 5060}` or `0, 480, 1080`; the file and REST keep the values."""
    spans = [{"weekday": day, "start": 480, "end": 1080} for day in range(5)]
    hours = site.admin.post("office-hours", tenant_id=site.tenants["a"], name="Desk", spans=spans)
    site.admin.post("trunks", **CARRIER)
    site.admin.call("DELETE", f"office-hours/{hours['id']}")
    page = get(signed_in_browser("admin"), "/audit-log").content.decode()
    assert page.count("spans: Mon–Fri 08:00–18:00") >= 2
    assert "hosts: host " in page
    assert "{&#x27;" not in page


@pytest.mark.parametrize("owner", ["tenant:99999", "trunk:99999"])
def test_the_budget_of_somebody_deleted_keeps_its_text_form(site: Site, owner: str) -> None:
    assert whose(owner) == owner


def _record(site: Site, **facts: Any) -> CallRecord:
    now = timezone.now()
    common = {"call_id": "c1", "tenant_id": site.tenants["a"], "caller": "101@a.example", "dialled": "030"}
    row: CallRecord = CallRecord.objects.create(started_at=now, ended_at=now, **common, **facts)
    return row


def test_everything_that_can_be_taken_back_is_said_in_words() -> None:
    """The banner of an unconfirmed change said `security.settings_changed`."""
    for action in UNDO:
        sentence = said(action, "block 41.202.0.0/16")
        assert action not in sentence
        with translation.override("de"):
            assert told(sentence) != sentence
