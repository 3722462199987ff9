"""What people call things is data everywhere (attack cases W96 and W98)."""

import csv
import io

import pytest

from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import get, signed_in_browser

MARKUP = "<img src=x onerror=alert(1)>\"'"
FORMULA = '=HYPERLINK("http://evil.example")'


@pytest.mark.parametrize("name", [MARKUP, FORMULA, "{{ 7|add:7 }}{% debug %}", "$(reboot); DROP TABLE x; --}"])
def test_a_name_is_shown_and_exported_as_it_is_and_does_nothing(site: Site, name: str) -> None:
    """W96. Escaped on the page, inert in CSV, unchanged over REST."""
    user = site.users["101@a.example"]
    assert site.a.call("PATCH", f"users/{user}", {"display_name": name})[0] == 200
    assert site.a.get(f"users/{user}")["display_name"] == name
    browser = signed_in_browser("100@a.example")
    for path in ("/users", f"/users/{user}", "/audit-log"):
        page = get(browser, path).content.decode()
        assert "<img src=x" not in page
        assert "1414" not in page
    content = get(browser, "/users?format=csv").content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(content)) for cell in row]
    assert (f"'{name}" if name.startswith("=") else name) in cells


@pytest.mark.parametrize("line", ["Ann\nb", "Ann\r\nVia: x", "Ann\x00", "Ann\x1b[2J"])
def test_a_line_break_or_escape_sequence_is_no_name(site: Site, line: str) -> None:
    """W96 and W98. Refused with the field named, so it reaches neither an engine's file nor a log nor a terminal."""
    user = site.users["101@a.example"]
    assert site.a.refusal("PATCH", f"users/{user}", {"display_name": line})["field"] == "display_name"
    trunk = {"name": line, "kind": "address", "sources": [{"cidr": "203.0.113.9", "port": 0}]}
    assert site.admin.refusal("POST", "trunks", trunk)["field"] == "name"
    group = {"tenant_id": site.tenants["a"], "name": line}
    assert site.a.refusal("POST", "groups", group)["field"] == "name"
