"""Where phones may come from (reference "Ports Security"), and how long call records stay."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import pytest

from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.softphone import NoAnswer, Softphone

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]
TABLE: Final = ("inet", "ringfence_host")
RETENTION: Final = "settings/retention"


@pytest.fixture
def in_force(pbx: Any) -> Iterator[Any]:
    """`in_force(networks)`: phones may come from there alone, and the plan is applied; in the end it is taken away."""

    def put(*networks: str) -> None:
        pbx.rest.patch("firewall-plan", phones=list(networks))
        done = pbx.product.command("firewall", "apply", "--minutes", "0", timeout=60)
        assert done.returncode == 0, done.stderr

    yield put
    pbx.rest.patch("firewall-plan", phones=[])
    pbx.product.nft("delete", "table", *TABLE)
    (pbx.product.paths.state / "firewall" / "applied.json").unlink()


def test_phones_register_from_the_named_networks_alone(pbx: Any, stranger: Any, in_force: Any) -> None:
    """Elsewhere nobody hears so much as a challenge, over UDP and over TCP, though the phone was registered."""
    with (
        Softphone(stranger(), (PBX_ADDRESS, 5060), pbx.account("683")) as inside,
        Softphone(stranger(), (PBX_ADDRESS, 5060), pbx.account("684")) as outside,
    ):
        assert outside.register().status == 200
        in_force(f"{inside.address}/32")
        assert inside.register().status == 200
        with pytest.raises(NoAnswer):
            outside.register(timeout=1)
        with outside.host.tcp() as link:
            link.settimeout(1)
            with pytest.raises(TimeoutError):
                link.connect((PBX_ADDRESS, 5063))


@pytest.mark.restarts
def test_call_records_go_after_their_days_and_the_others_stay(pbx: Any, phone: Any) -> None:
    """The reader of events looks when it starts and every hour; the audit log says what went."""
    caller = phone("683")
    for number in ("old", "new"):
        _, headers = caller.begin_call(f"nobody-{number}")
        caller.final(headers[0][1].partition("branch=")[2].partition(";")[0])
    within(10, lambda: len(records(pbx)) == 2, "both calls have a record")
    with closing(sqlite3.connect(pbx.product.paths.portal_database, timeout=10)) as opened, opened:
        opened.execute(
            "UPDATE calls_callrecord SET ended_at = datetime('now', '-49 hours') WHERE dialled = ?", ("nobody-old",)
        )
    pbx.rest.patch(RETENTION, call_record_days=2)
    try:
        os.kill(pbx.product.process_ids()["ingest"], signal.SIGKILL)
        within(30, lambda: records(pbx) == ["nobody-new"], "the old record is gone")
    finally:
        pbx.rest.patch(RETENTION, call_record_days=0)
    newest = pbx.rest.get("audit-log?limit=20")["items"]
    assert "call_records.deleted" in [row["action"] for row in newest]


def records(pbx: Any) -> list[str]:
    return [row["dialled"] for row in pbx.product.call_records() if row["dialled"].startswith("nobody-")]
