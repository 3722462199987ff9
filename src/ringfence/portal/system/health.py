"""`/healthz`: what a load balancer asks. It says whether this system can be used and nothing else, to anybody."""

import time
from typing import Final

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from ringfence.portal import guard
from ringfence.portal.problems import Refused

LASTS: Final = 1.0
"""Seconds an answer is good for: whoever asks a thousand times a second costs one look a second."""

_last: tuple[float, bool] = (float("-inf"), False)


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while database, guard and SIP core answer, 503 otherwise."""
    global _last
    now = time.monotonic()
    if now - _last[0] > LASTS:
        _last = (now, _is_well())
    return HttpResponse("ok\n" if _last[1] else "not ready\n", "text/plain", 200 if _last[1] else 503)


def _is_well() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return bool(guard.ask("measures", 1.0).get("core"))
    except (DatabaseError, Refused):
        return False
