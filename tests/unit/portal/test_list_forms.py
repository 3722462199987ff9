"""An IP list is read as what it is (reference "IP Blacklist"): nobody who chose a .csv should have to say so."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ringfence.portal.security.entry_files import Form, form_of, read
from tests.unit.portal.rest import Site
from tests.unit.portal.test_entry_lists import CSV, PLAIN
from tests.unit.portal.test_pages import browser


@pytest.mark.parametrize("content", [CSV, PLAIN, '[{"cidr": "41.202.0.0/16"}]'])
@pytest.mark.parametrize("name", ["list.txt", ""])
def test_a_chosen_file_says_itself_how_it_is_written(site: Site, name: str, content: str) -> None:
    """The preset format was a plain list, and then each row of a CSV file is no address."""
    given = {"file": SimpleUploadedFile(name, content.encode())} if name else {"pasted": content}
    checked = browser().post("/ip-blacklist/import", {"target": "block", **given}, secure=True)
    assert b"New entries" in checked.content


@pytest.mark.parametrize(
    ("name", "form"), [("a.CSV", "csv"), ("b (1).json", "json"), ("c.txt", "plain"), ("", "plain")]
)
def test_the_ending_of_a_name_comes_first(name: str, form: str) -> None:
    assert form_of(name, b"192.0.2.1\n") == form


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("form", ["csv", "plain"])
def test_lines_may_end_as_they_do_on_other_systems(form: str, ending: str) -> None:
    """A file of an old spreadsheet, with bare carriage returns, was no CSV, and one address as a plain list."""
    lines = ["cidr,target", "192.0.2.1,block", "192.0.2.2,block"] if form == "csv" else ["192.0.2.1", "192.0.2.2"]
    rows = list(read(Form(form), ending.join(lines).encode()))
    assert [row.cidr for row in rows] == ["192.0.2.1", "192.0.2.2"]
