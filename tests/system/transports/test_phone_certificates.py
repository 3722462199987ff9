"""Phones that show a certificate of their own (issue 6: client certificates where wanted)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab.certified import Certified, register_with
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.softphone import NoAnswer, Softphone
from tests.unit.engines.authority import authority, issue

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]
PORT = 5071


@pytest.fixture
def asking(pbx: Any, stranger: Callable[[], Host]) -> Iterator[str]:
    """A TLS transport where phones must show a certificate."""
    name = pbx.rest.post("transports", protocol="tls", port=PORT)["name"]
    try:
        pbx.rest.patch(f"transports/{name}", clients="required")
        yield name
    finally:
        pbx.rest.delete(f"transports/{name}")
        within(15, lambda: _answers(pbx, stranger()), "the core is back")


def _answers(pbx: Any, host: Host) -> bool:
    with Softphone(host, (PBX_ADDRESS, 5060), pbx.account("707")) as phone:
        try:
            return phone.options(timeout=1.0).status == 200
        except NoAnswer:
            return False


@pytest.mark.restarts
def test_where_certificates_are_required_a_phone_registers_with_its_own_and_with_no_other(
    pbx: Any, stranger: Callable[[], Host], asking: str, tmp_path: Path
) -> None:
    """A right password is not enough; nor is another phone's certificate, a stranger's, or one that was revoked."""
    rows = {number: made(pbx, number, tmp_path) for number in ("707", "708")}
    _, foreign = authority()
    forged = issue("707@acme.example", foreign)
    (tmp_path / "forged").write_text(forged.pem + forged.key_pem)
    host = stranger()

    def status(pair: str) -> int:
        return register_with(host, (PBX_ADDRESS, PORT), pbx.account("707"), tmp_path / pair if pair else None)

    within(10, lambda: status("707") == 200, "its own certificate is taken")
    assert status("708") == 403
    assert (status(""), status("forged")) == (0, 0)
    pbx.rest.patch(f"transports/{asking}", clients="optional")
    within(10, lambda: status("") == 200, "where certificates are optional, none is needed")
    assert (status("708"), status("forged")) == (403, 0)
    pbx.rest.delete(f"phone-certificates/{rows['707']}")
    within(5, lambda: status("707") == 0, "a revoked one is refused")
    assert status("") == 200
    with Certified(host, (PBX_ADDRESS, PORT), pbx.account("707")) as phone:
        assert phone.register(expires=0).status == 200


def made(pbx: Any, number: str, folder: Path) -> int:
    """A certificate of this extension in a file that is named as it."""
    pbx.account(number)
    found = pbx.rest.post("phone-certificates", tenant_id=pbx.tenant["id"], extension=number)
    (folder / number).write_text(found["certificate"] + found["key"])
    return int(found["id"])
