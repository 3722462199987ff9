"""A phone that asks for several files at once; phones from a shell (reference: "IP Phone Security"; case 101)."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ringfence.portal.provisioning import serve
from ringfence.portal.provisioning.admission import Fetch
from ringfence.portal.provisioning.models import Phone
from ringfence.portal.provisioning.sweeps import SWEEPS
from tests.unit.portal.rest import Site
from tests.unit.portal.test_provisioning import ELSEWHERE, MAC, OFFICE, actions, add, fetch


@pytest.fixture(autouse=True)
def _fresh_count() -> None:
    SWEEPS.forget()


@pytest.mark.parametrize(("address", "grace", "status"), [(OFFICE, 15, 200), (ELSEWHERE, 15, 404), (OFFICE, 0, 404)])
def test_a_phone_may_ask_for_its_files_side_by_side(
    site: Site, monkeypatch: pytest.MonkeyPatch, address: str, grace: int, status: int
) -> None:
    """Case 101: whoever was let in before somebody else came first gets something if that was the same phone."""
    made = add(site, grace_minutes=grace)
    taken = serve._take

    def overtaken(phone: Phone, came: Fetch) -> bool:
        monkeypatch.setattr(serve, "_take", taken)
        assert fetch(made["file"]).status_code == 200
        return taken(phone, came)

    monkeypatch.setattr(serve, "_take", overtaken)
    assert fetch(made["file"], address).status_code == status
    assert actions() == ["phone.created", "phone.fetched"]


def test_phones_from_a_shell(site: Site) -> None:
    def asked(*words: str) -> Any:
        out = StringIO()
        call_command("phone", *words, "--json", stdout=out)
        return json.loads(out.getvalue())

    made = asked("add", "a.example", "101", "yealink", "--mac", MAC)
    assert fetch(made["file"]).status_code == 200
    again = asked("rotate", str(made["id"]))
    assert again["directory"] != made["directory"]
    assert [row["id"] for row in asked("list", "a.example")] == [made["id"]]
    assert asked("open", str(made["id"]))["bound_to"] == ""
    assert asked("remove", str(made["id"]))["id"] == made["id"]
    with pytest.raises(CommandError):
        call_command("phone", "open", str(made["id"]))
