"""Which TCP connection a request came over, and when that was opened. Only nginx may tell us."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest
from django.utils import timezone

_TOLD: Final = re.compile(r"(\d{1,20}-\d{1,20}) (\d{1,12}\.\d{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Connection:
    """nginx's process and serial number of the connection, and its beginning."""

    name: str
    opened_at: datetime


def connection_of(request: HttpRequest) -> Connection | None:
    """None when nobody told: then nothing can be said about how new the connection is.

    nginx sets the header, whatever a client claims: "PROCESS-NUMBER SECONDS", the age of the connection.
    """
    found = _TOLD.fullmatch(request.META.get("HTTP_X_CONNECTION", ""))
    if found is None:
        return None
    return Connection(found[1], timezone.now() - timedelta(seconds=float(found[2])))
