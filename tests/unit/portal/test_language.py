"""Pages speak the reader's language, REST speaks English (issue 4, 7: "English first, translatable")."""

from django.utils import translation

from ringfence.doctor.table import CHECKS
from ringfence.portal.audit.models import Entry
from ringfence.portal.language import told
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import get, signed_in_browser


def test_the_browser_decides_before_anybody_is_known(site: Site) -> None:
    """Issue 4, 7. The sign-in page follows Accept-Language; what is not spoken falls back to English."""
    from django.test import Client

    page = Client(headers={"accept-language": "de-CH,de;q=0.9"}).get("/sign-in", secure=True)
    assert b'<html lang="de"' in page.content
    assert "Anmelden" in page.content.decode()
    assert b'<html lang="en"' in Client(headers={"accept-language": "tlh"}).get("/sign-in", secure=True).content


def test_a_choice_of_ones_own_goes_first_and_is_in_the_audit_log(site: Site) -> None:
    """Issue 4, 7 and 8. It holds from the next page on, whatever the browser asks for."""
    browser = signed_in_browser("100@a.example")
    assert '<html lang="en"' in get(browser, "/users").content.decode()
    chosen = browser.post("/my/language", {"language": "de", "next": "/users"}, secure=True)
    assert (chosen.status_code, chosen["Location"]) == (302, "/users")
    page = get(browser, "/users")
    assert '<html lang="de"' in page.content.decode() and "Nebenstelle" in page.content.decode()
    assert page["Content-Language"] == "de"
    entry = Entry.objects.filter(action="user.language_changed").get()
    assert entry.changes == {"language": {"old": "", "new": "de"}}


def test_the_choice_never_leads_elsewhere(site: Site) -> None:
    """W, open redirect: `next` is a path of the portal or nothing."""
    browser = signed_in_browser("100@a.example")
    for evil in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        assert browser.post("/my/language", {"language": "de", "next": evil}, secure=True)["Location"] == "/"


def test_a_language_that_is_not_there_is_refused(site: Site) -> None:
    """Issue 4, 9. The refusal names the field and what there is; REST answers in English, whatever is preferred."""
    assert site.a.call("PUT", "language", {"language": "de"})[1]["language"] == "de"
    refusal = site.a.refusal("PUT", "language", {"language": "xx"})
    assert refusal["field"] == "language"
    assert "There is no language" in refusal["detail"]
    assert site.a.get("language") == {"language": "de", "languages": {"en": "English", "de": "Deutsch"}}


def test_refusals_of_code_without_django_are_told_too(site: Site) -> None:
    """Issue 4, 7. A text with values is found by what stands around them."""
    with translation.override("de"):
        assert told("The ban of 192.0.2.7 is lifted.") == "Die Sperre von 192.0.2.7 ist aufgehoben."
        assert told("3 is no such sentence") == "3 is no such sentence"
        assert told("") == ""
    with translation.override("en"):
        assert told("The ban of 192.0.2.7 is lifted.") == "The ban of 192.0.2.7 is lifted."


def test_a_refusal_stands_in_the_form_in_the_readers_language(site: Site) -> None:
    """Issue 4, 4 and 7. The broken rule is named while typing, in German too."""
    browser = signed_in_browser("100@a.example")
    browser.post("/my/language", {"language": "de"}, secure=True)
    rules = browser.post("/password-check", {"password": "aaaa"}, secure=True).content.decode()
    assert "mindestens eine Ziffer" in rules


def test_what_the_guard_saw_and_the_doctor_found_is_told_too(site: Site) -> None:
    """Issue 4, 7. Evidence of bans and the doctor's findings stand on pages, so they are in the reader's language."""
    ban = {
        "address": "198.51.100.7", "rule": "antihacking.failed_authentication", "by": "guard", "since": 1.0,
        "until": 4e9, "scope": "sip", "evidence": {"reasons": {"wrong_password": 50}, "translated": True},
        "reason": "50 failed authentications within 60 s (limit 50), 1 account tried",
    }  # fmt: skip
    past = [{"rule": "x", "since": 1.0, "ended": 2.0, "ended_by": "", "ended_why": "expired", "scope": "sip"}]
    site.guard.answers["bans.explain"] = {"address": ban["address"], "ban": ban, "bans": [ban], "past": past}
    site.admin.call("PUT", "language", {"language": "de"})
    browser = signed_in_browser("admin")
    page = get(browser, "/ip-blacklist/bans/198.51.100.7").content.decode()
    assert "50 fehlgeschlagene Anmeldungen binnen 60 s (Grenze 50), 1 Konto probiert" in page
    assert "50 × falsches Passwort" in page and "abgelaufen" in page
    doctor = get(browser, "/doctor").content.decode()
    assert "Administratoren ohne zweiten Faktor" in doctor
    assert "admin verwaltet das System allein mit einem Passwort." in doctor


def test_a_value_that_is_a_sentence_is_told_as_well(site: Site) -> None:
    """Issue 4, 7. A faulty line of a file: its number, and the fault in the reader's language."""
    with translation.override("de"):
        assert told("Line 3: There are more values than columns.").startswith("Zeile 3: Es sind mehr Werte")


def test_every_text_of_the_doctor_is_in_the_catalog() -> None:
    """Issue 4, 7. Titles, the guide's advice and ours, of all checks."""
    with translation.override("de"):
        texts = [text for check in CHECKS for text in (check.title, check.says, check.advice.words)]
        assert [text for text in texts if told(text) == text] == []


def test_alarms_are_told_in_the_readers_language(site: Site) -> None:
    """The dashboard shows what the guard raised, with what stood in it."""
    full = "Make room: calls go on, but recordings, messages and changes will soon not be kept."
    site.guard.answers["alarms.list"] = [
        {"id": "disk.low", "since": 0.0, "message": f"Only 512 MiB of the disk are free. {full}"},
        {
            "id": "ledger.unwritable",
            "since": 0.0,
            "message": "The ledger cannot be written: disk I/O error. Bans stay in force.",
        },
    ]
    site.admin.call("PUT", "language", {"language": "de"})
    page = get(signed_in_browser("admin"), "/security-dashboard").content.decode()
    assert "Nur 512 MiB des Datenträgers sind frei." in page
    assert "Das Sperrbuch lässt sich nicht schreiben: disk I/O error." in page
