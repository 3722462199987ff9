"""A device that comes back under another address is not shut out by what it was (RFC 3261 section 10.3)."""

from typing import Any

import pytest

from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone
from tests.system.conftest import UDP

pytestmark = pytest.mark.usefixtures("oracle")


def _contacts(pbx: Any, number: str) -> list[str]:
    rows = [row for row in pbx.product.registrations() if row["aor"].startswith(f"{number}@")]
    return [contact["uri"] for row in rows for contact in row["contacts"]]


def test_a_softphone_that_crashed_often_registers_and_rings(pbx: Any, lab: Any, phone: Any) -> None:
    """Each time from another port: the sixth was refused with 503, and calls rang where nothing is any more."""
    caller, host = phone("721"), lab.host("clients6", 6)
    crashed = [Softphone(host, UDP, pbx.account("720")) for _ in range(5)]
    assert [one.register().status for one in crashed] == [200] * 5
    with Softphone(host, UDP, pbx.account("720")) as back:
        assert back.register().status == 200
        known, _ = within(5, lambda: _contacts(pbx, "720"), "its devices are known")
        assert len(known) == 5
        assert not any(crashed[0].hostport in contact for contact in known)
        assert any(back.hostport in contact for contact in known)
        uri, headers = caller.begin_call("720")
        back.answer_call(back.request("INVITE"))
        caller.call_answered(uri, headers)
        assert back.register(contact="*", expires=0).status == 200
    for one in crashed:
        one.sock.close()
