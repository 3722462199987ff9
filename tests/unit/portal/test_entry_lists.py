"""Whole lists of address entries: judged row by row, added as a whole, written so that they can be read again."""

import asyncio
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import AsyncClient, Client

from ringfence.policy.offenders.entries import decode_entries
from ringfence.portal import places
from ringfence.portal.security import entry_files, waiting
from ringfence.portal.security.models import AddressEntry
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.store import policy

PLAIN = """# a feed
41.202.0.0/16 ; SBL1
41.202.7.7

2001:db8::/32 # docs
"""
CSV = """cidr,target,expires_at,description
41.202.0.0/16,block,,"Anti DoS, all of it"
103.224.182.210,allow,2999-01-01T00:00:00+00:00,My Remote Office
"""


def send(site: Site, content: str | bytes, media: str = "text/plain", query: str = "") -> tuple[int, Any]:
    answer = site.admin.client.generic(
        "POST",
        f"/api/v1/ip-filters/import?{query}",
        content.encode() if isinstance(content, str) else content,
        content_type=media,
        headers={"Authorization": f"Bearer {site.admin.token}"},
        secure=True,
    )
    return answer.status_code, answer.json()


def export(site: Site, query: str) -> str:
    headers = {"Authorization": f"Bearer {site.admin.token}"}
    answer: Any = site.admin.client.get(f"/api/v1/ip-filters/export?{query}", headers=headers, secure=True)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Disposition"].startswith("attachment")
    return b"".join(answer.streaming_content).decode()


def page() -> Client:
    client = Client()
    client.post("/sign-in", {"username": "admin", "password": PASSWORD}, secure=True)
    return client


def test_a_plain_list_is_in_force_as_a_whole(site: Site) -> None:
    status, said = send(site, PLAIN)
    assert (status, said["added"], said["errors"]) == (200, 3, [])
    with policy() as store:
        found = {entry.cidr: entry.description for entry in decode_entries(store.entries())}
    assert found == {"41.202.0.0/16": "SBL1", "41.202.7.7/32": "", "2001:db8::/32": "docs"}
    assert site.guard.verbs().count("policy.changed") == 1
    assert site.admin.get("audit-log?action=ip_filter.imported")["items"][0]["changes"]["added"]["new"] == 3


def test_a_dry_run_tells_and_changes_nothing(site: Site) -> None:
    status, said = send(site, PLAIN, query="dry_run=true")
    assert (status, said["applied"], said["added"]) == (200, False, 3)
    assert not AddressEntry.objects.exists()


def test_every_refused_row_is_named_and_then_nothing_is_added(site: Site) -> None:
    content = "192.0.2.1\n103.224.182.210.0\n0.0.0.0/0\n127.0.0.0/8\n10.0.0.0/255.0.255.0\n300.1.1.1\n"
    status, said = send(site, content, query="dry_run=true")
    assert [(item["line"], item["rule"]) for item in said["errors"]] == [
        ("line 2", "address.octets"),
        ("line 3", "ip_filter.everything"),
        ("line 4", "ip_filter.never_block"),
        ("line 5", "address.mask_gap"),
        ("line 6", "address.octet_range"),
    ]
    status, said = send(site, content)
    assert (status, said["error_id"], len(said["errors"])) == (422, "ip_filter.rows_refused", 5)
    assert not AddressEntry.objects.exists()


@pytest.mark.parametrize(
    "line", ["x" * 500_000, "1." * 250_000, "192.0.2.1/" + "9" * 500_000, "192.0.2.1%" + "e" * 500_000]
)
def test_a_refusal_repeats_no_endless_line(site: Site, line: str) -> None:
    """Reference: "Whitelist and Blacklist": a hundred refused rows of a megabyte each were answered with as much."""
    said = send(site, line, query="dry_run=true")[1]
    assert len(said["errors"][0]["message"]) < 300


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("cidr,target,cidr\n192.0.2.1,block,192.0.2.2\n", "twice"),
        ("cidr,address\n192.0.2.1,192.0.2.2\n", "both"),
    ],
)
def test_a_row_says_once_what_it_is_about(site: Site, content: str, why: str) -> None:
    """Reference: "Whitelist and Blacklist": which of two addresses was meant is not guessed."""
    said = send(site, content, "text/csv", query="dry_run=true")[1]
    assert said["error_id"] == "ip_filter.file"
    assert why in said["detail"]


ODD_WORDS = ("=x", "'=x", "''=x", "'- y", "'quoted'", "# hash; semi", '"q"', "a,b", "-1", "x'", "")


@pytest.mark.parametrize(("form", "media"), [("csv", "text/csv"), ("json", "application/json")])
def test_an_export_taken_again_changes_nothing(site: Site, form: str, media: str) -> None:
    """Issue of the guard: import and export. Ends lost their fractions of a second, and apostrophes went."""
    for place, words in enumerate(ODD_WORDS):
        end = "2037-01-01T00:00:00.123456Z" if place % 2 else None
        site.admin.post("ip-filters", cidr=f"192.0.2.{place}", target="allow", description=words, expires_at=end)
    said = send(site, export(site, f"form={form}"), media)[1]
    assert (said["rows"], said["unchanged"]) == (len(ODD_WORDS), len(ODD_WORDS))


def test_a_list_trusts_no_strangers(site: Site) -> None:
    """Reference: "Whitelist and Blacklist"; the same rule as for one entry."""
    content = "cidr,target\n128.0.0.0/1,allow\n10.0.0.0/8,allow\nfc00::/7,allow\n2000::/3,allow\n128.0.0.0/1,block\n"
    said = send(site, content, "text/csv", query="dry_run=true")[1]
    assert [(item["line"], item["rule"]) for item in said["errors"]] == [
        ("line 2", "ip_filter.trusts_strangers"),
        ("line 5", "ip_filter.trusts_strangers"),
    ]


@pytest.mark.parametrize("tie", ["192.0.2.0/24,allow\n192.0.2.9/24,block\n", "198.51.100.0/24,block\n"])
def test_a_tie_in_the_list_or_with_an_entry_is_refused(site: Site, tie: str) -> None:
    site.admin.post("ip-filters", cidr="198.51.100.0/24", target="allow")
    said = send(site, f"cidr,target\n{tie}", "text/csv", "dry_run=true")[1]
    assert [item["rule"] for item in said["errors"]] == ["ip_filter.tie"]


def test_taking_a_list_again_changes_nothing_and_new_words_change_the_entry(site: Site) -> None:
    send(site, CSV, "text/csv")
    before = site.admin.get("ip-filters?sort=address")["items"]
    assert send(site, CSV, "text/csv")[1]["unchanged"] == 2
    said = send(site, CSV.replace("Remote", "Other"), "text/csv")[1]
    assert (said["changed"], said["unchanged"]) == (1, 1)
    after = site.admin.get("ip-filters?sort=address")["items"]
    assert [item["id"] for item in after] == [item["id"] for item in before]
    assert after[1]["description"] == "My Other Office"


def test_ended_rows_are_left_out_and_repeated_ones_count_once(site: Site) -> None:
    said = send(site, "cidr,expires_at\n192.0.2.1,2001-01-01\n192.0.2.2,\n192.0.2.2,\n", "text/csv")[1]
    assert (said["rows"], said["added"], said["ended"], said["repeated"]) == (3, 1, 1, 1)


@pytest.mark.parametrize(
    ("content", "media", "error_id"),
    [
        (b"\xff\xfe1", "text/plain", "ip_filter.file"),
        ("address\n192.0.2.1,block\n", "text/csv", "ip_filter.file"),
        ("what\n192.0.2.1\n", "text/csv", "ip_filter.file"),
        ('cidr\n"192.0.2.1\n', "text/csv", "ip_filter.file"),
        ("{}", "application/json", "ip_filter.file"),
        ("[1]", "application/json", "ip_filter.file"),
        ('[{"cidr": 1}]', "application/json", "ip_filter.file"),
        ('[{"cdir": "192.0.2.1"}]', "application/json", "ip_filter.file"),
        ("[" * 100_000, "application/json", "ip_filter.file"),
        ("192.0.2.1", "image/png", "request.media_type"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(site: Site, content: str | bytes, media: str, error_id: str) -> None:
    status, said = send(site, content, media)
    assert (status, said["error_id"]) == (415 if error_id == "request.media_type" else 422, error_id)


PRETTY = """[
  {
    "cidr": "41.202.0.0/16",
    "target": "block"
  },

  {
    "cidr": "41.202.0.0/99"
  }
]
"""


@pytest.mark.parametrize(
    ("content", "media", "line"),
    [
        (PRETTY, "application/json", "line 7"),
        (PRETTY.replace("\n", ""), "application/json", "line 1"),
        (PRETTY.replace("\n", "\r\n"), "application/json", "line 7"),
        (
            "# of March\ncidr;target;description\n41.202.0.0/16;block;a,b\n# x\n41.202.0.0/99;block;\n",
            "text/csv",
            "line 5",
        ),
        ("\ufeffcidr,target\r\n\r\n41.202.0.0/16,block\r\n41.202.0.0/99,block\r\n", "text/csv", "line 4"),
        ("41.202.0.0 255.255.0.0 # SBL1\r\n41.202.0.0 255.0.255.0\r\n", "text/plain", "line 2"),
    ],
)
def test_other_programs_files_are_read_and_the_bad_row_is_named(
    site: Site, content: str, media: str, line: str
) -> None:
    """A list comes from an editor, a spreadsheet or a router, not from our export alone."""
    status, told = send(site, content, media, "dry_run=true")
    assert (status, told["rows"], told["added"]) == (200, 2, 1), told
    assert [error["line"] for error in told["errors"]] == [line]
    assert send(site, content, media)[0] == 422
    assert not AddressEntry.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"cidr": "192.0.2.1"}\n{"cidr": "192.0.2.2"}]', "Line 2 is no JSON: a comma"),
        ('[{"cidr": "192.0.2.1"},]', "Line 1 is no JSON"),
        ('[\n{"cidr": "192.0.2.1"},\n{"cidr"}]', "Line 3 is no JSON"),
        ('[{"cidr": "192.0.2.1"}', "Line 1 is no JSON: a comma or the end"),
        ('[{"cidr": "192.0.2.1"}] x', "something follows"),
        ("[] []", "something follows"),
        ("[", "Line 1 is no JSON"),
        ("null", "must hold a JSON list"),
    ],
)
def test_broken_json_is_refused_as_a_whole_and_says_where(site: Site, content: str, said: str) -> None:
    status, told = send(site, content, "application/json")
    assert (status, told["error_id"]) == (422, "ip_filter.file")
    assert said in told["detail"]
    assert not AddressEntry.objects.exists()


@pytest.mark.parametrize("form", ["csv", "json", "plain"])
def test_what_is_exported_can_be_imported(site: Site, form: str) -> None:
    rows = [("203.0.113.0/24", "=HYPERLINK(1)"), ("2001:db8::/32", "two, words"), ("192.0.2.7/32", "")]
    for cidr, text in rows:
        site.admin.post("ip-filters", cidr=cidr, target="block", description=text)
    content = export(site, f"form={form}")
    AddressEntry.objects.all().delete()
    media = entry_files.MEDIA[entry_files.Form(form)]
    assert send(site, content, media)[1]["added"] == 3
    assert {item["cidr"]: item["description"] for item in site.admin.get("ip-filters")["items"]} == dict(rows)


def test_no_exported_cell_is_a_formula(site: Site) -> None:
    """Attack case 96."""
    site.admin.post("ip-filters", cidr="203.0.113.0/24", target="block", description="=HYPERLINK(1)")
    assert ",'=HYPERLINK(1)" in export(site, "form=csv")
    assert json.loads(export(site, "form=json"))[0]["description"] == "=HYPERLINK(1)"


def test_an_empty_export_is_still_a_whole_file(site: Site) -> None:
    assert json.loads(export(site, "form=json")) == []
    assert export(site, "form=csv") == "cidr,target,expires_at,description\r\n"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=41.202.7.7", {"41.202.0.0/16", "41.202.7.7/32"}),
        ("search=41.202", {"41.202.0.0/16", "41.202.7.7/32"}),
        ("search=2001:db8::9", {"2001:db8::/32"}),
        ("search=sbl", {"41.202.0.0/16"}),
        ("search=9.9.9.9", set()),
        ("target=allow", set()),
        ("state=in-force", {"41.202.0.0/16", "41.202.7.7/32", "2001:db8::/32"}),
        ("state=expired", set()),
    ],
)
def test_entries_are_found_by_address_words_and_state(site: Site, query: str, found: set[str]) -> None:
    send(site, PLAIN)
    assert {item["cidr"] for item in site.admin.get(f"ip-filters?{query}")["items"]} == found


def test_what_ends_soon_and_what_has_ended_are_told_apart(site: Site) -> None:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    site.admin.post("ip-filters", cidr="192.0.2.1", target="block", expires_at=soon)
    AddressEntry.objects.create(
        cidr="192.0.2.2/32", sort_key="x", target="block", expires_at=datetime.now(UTC) - timedelta(days=1)
    )
    assert [item["cidr"] for item in site.admin.get("ip-filters?state=expiring")["items"]] == ["192.0.2.1/32"]
    assert [item["cidr"] for item in site.admin.get("ip-filters?state=expired")["items"]] == ["192.0.2.2/32"]


def test_many_are_removed_at_once_or_none(site: Site) -> None:
    send(site, PLAIN)
    ids = [item["id"] for item in site.admin.get("ip-filters")["items"]]
    assert site.admin.refusal("POST", "ip-filters/delete", {"ids": [*ids, 99_999]})["status"] == 404
    assert AddressEntry.objects.count() == 3
    assert site.admin.post("ip-filters/delete", ids=ids[:2]) == {"removed": 2}
    with policy() as store:
        assert len(decode_entries(store.entries())) == 1


def test_on_the_page_a_list_is_shown_first_and_applied_once(site: Site) -> None:
    client = page()
    form = {"form": "plain", "target": "block", "ends": "", "description": "feed"}
    checked = client.post(
        "/ip-blacklist/import", {**form, "file": SimpleUploadedFile("f", PLAIN.encode())}, secure=True
    )
    assert b"New entries" in checked.content
    assert not AddressEntry.objects.exists()
    assert oct(next(Path(places.PORTAL / "waiting").iterdir()).stat().st_mode)[-3:] == "600"
    assert client.post("/ip-blacklist/import/apply", secure=True).status_code == 302
    assert AddressEntry.objects.count() == 3
    assert client.post("/ip-blacklist/import/apply", secure=True).status_code == 404
    refused = client.post("/ip-blacklist/import", {**form, "pasted": "300.1.1.1"}, secure=True)
    assert b"300 is too large" in refused.content
    assert b"import/apply" not in refused.content


def test_a_list_that_waited_too_long_is_gone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    name = waiting.keep(b"192.0.2.1")
    monkeypatch.setattr(waiting, "KEPT_SECONDS", -1)
    waiting.keep(b"192.0.2.2")
    client = page()
    session = client.session
    session["waiting_list"] = {"name": name, "form": "plain", "target": "block", "ends": "", "description": ""}
    session.save()
    assert client.post("/ip-blacklist/import/apply", secure=True).status_code == 404


def test_without_the_guard_no_list_is_taken(site: Site) -> None:
    site.guard.stop()
    assert send(site, PLAIN)[1]["error_id"] == "guard.unreachable"
    assert not AddressEntry.objects.exists()


def test_under_asgi_a_long_export_is_sent_in_pieces(site: Site) -> None:
    """Django would collect all of an ordinary iterator first; so would memory."""
    rows = "".join(f"10.{number >> 8}.{number & 255}.0/24\n" for number in range(5_000))
    send(site, rows, query="target=allow")
    pieces = asyncio.run(_pieces(site.admin.token))
    assert len(pieces) > 3
    assert b"".join(pieces).count(b"\r\n") == 5_001


async def _pieces(token: str) -> list[bytes]:
    headers = {"Authorization": f"Bearer {token}"}
    answer: Any = await AsyncClient().get("/api/v1/ip-filters/export?form=csv", secure=True, headers=headers)
    assert answer.status_code == 200
    pieces = [piece async for piece in answer.streaming_content]
    await sync_to_async(connections.close_all)()  # those of the thread that made the pieces
    return pieces


def commanded(monkeypatch: pytest.MonkeyPatch, given: bytes, *words: str) -> str:
    """What `manage block|allow ...` writes to standard output, with `given` on standard input."""
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, write_through=True))
    told = io.StringIO()
    call_command(*words, stdout=told)
    return told.getvalue() or written.getvalue().decode()


def test_a_list_goes_in_and_out_on_the_command_line(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ringfence ban import|export`: the shell does the same as the page."""
    assert site.admin.token
    tried = json.loads(commanded(monkeypatch, PLAIN.encode(), "block", "--json", "import", "--form=plain", "--dry-run"))
    assert (tried["rows"], tried["added"], AddressEntry.objects.count()) == (3, 3, 0)
    words = ("block", "--json", "import", "--form", "plain", "--description", "feed")
    assert json.loads(commanded(monkeypatch, PLAIN.encode(), *words))["added"] == 3
    written = commanded(monkeypatch, b"", "block", "export", "--form", "csv")
    assert "2001:db8::/32,block,," in written
    AddressEntry.objects.all().delete()
    assert json.loads(commanded(monkeypatch, written.encode(), "block", "--json", "import"))["added"] == 3
    assert commanded(monkeypatch, b"", "allow", "export", "--form", "plain").startswith("#")


def test_the_shell_refuses_a_row_with_the_other_action_and_the_server_itself(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site.admin.token
    with pytest.raises(CommandError, match=r"line 3.*but this list is to block"):
        commanded(monkeypatch, CSV.encode(), "block", "import")
    with pytest.raises(CommandError, match="loopback"):
        commanded(monkeypatch, b"127.0.0.1\n", "block", "import", "--form", "plain")
    assert AddressEntry.objects.count() == 0
