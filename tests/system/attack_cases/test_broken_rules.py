"""Case 51: what the rules cannot judge is refused with 500 and an alarm, and reaches nobody."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import lmdb
import pytest

from ringfence.lab.product import within
from ringfence.lab.softphone import NoAnswer, end_call, establish
from ringfence.store import layout

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]


def test_an_exception_in_the_rules_is_a_500_an_alarm_and_no_call(pbx: Any, phone: Any) -> None:
    """The record of the called extension makes the rules of a running worker raise; mended, the call goes through."""
    caller, callee = phone("456"), phone("457")
    with _broken_record(pbx.product.paths.policy, callee.account.aor):
        uri, headers = caller.begin_call("457")
        with pytest.raises(NoAnswer, match="500 Server Internal Error"):
            caller.call_answered(uri, headers)
        assert callee.requests_within(0.5) == []
        raised, _ = within(5, lambda: _alarm(pbx), "the alarm stands")
        assert "ksr_request_route" in raised["message"]
        assert "ValueError" in raised["message"]
        within(3, lambda: callee.register().status == 500, "nor may the broken extension itself")
    dialog, _ = establish(caller, callee)
    assert end_call(caller, callee, dialog).status == 200
    told = pbx.product.guard("events.since", cursor=0, kinds=["engine.exception"], limit=5000)["events"]
    assert told


@contextmanager
def _broken_record(store: Path, aor: str) -> Iterator[None]:
    """As if a disk or a bug had spoilt the compiled policy of one extension."""
    key = layout.subscriber_key(aor.removeprefix("sip:"))
    with closing(lmdb.open(str(store), map_size=layout.MAP_SIZE, max_dbs=layout.DATABASES)) as env:
        subscribers = env.open_db(layout.SUBSCRIBERS)
        with env.begin(write=True, db=subscribers) as txn:
            whole = txn.get(key)
            assert whole is not None
            txn.put(key, b"not a record")
        try:
            yield
        finally:
            with env.begin(write=True, db=subscribers) as txn:
                txn.put(key, whole)


def _alarm(pbx: Any) -> dict[str, Any] | None:
    return next((alarm for alarm in pbx.product.guard("alarms.list") if alarm["id"] == "engine.exception"), None)
