"""nginx keeps connections to the portal for the next request; none may be on its way to an end when one is sent."""

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from tests.system.web_access.test_web_access import PORTAL, connected, unchecked

SENT_AFTER: Final = 4.5
READ_AFTER: Final = 5.5
"""Seconds on both sides of the five after which uvicorn closes an idle connection unless told otherwise."""


def nginx_workers(pbx: Any) -> list[int]:
    master = pbx.product.process_ids()["web"]
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


@contextmanager
def standing_still(workers: list[int]) -> Iterator[None]:
    """As on a machine that is busy: what comes meanwhile waits in their sockets, in its order."""
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def test_a_change_is_not_answered_with_502_when_the_last_one_was_five_seconds_ago(pbx: Any) -> None:
    """POST and PATCH are not sent twice (RFC 9110 section 9.2.2), so nginx must end idle connections."""
    workers = nginx_workers(pbx)
    headers = {"Authorization": f"Bearer {pbx.rest.token}", "Content-Type": "application/json"}
    with closing(http.client.HTTPSConnection("pbx")) as browser:
        browser.sock = unchecked().wrap_socket(connected(pbx, PORTAL))
        browser.request("GET", "/api/v1/status", headers=headers)
        assert browser.getresponse().read()
        begun = time.monotonic()
        with standing_still(workers):
            time.sleep(begun + SENT_AFTER - time.monotonic())
            browser.request("PATCH", "/api/v1/settings/security", json.dumps({}), headers)
            time.sleep(begun + READ_AFTER - time.monotonic())
        assert browser.getresponse().status == 200
