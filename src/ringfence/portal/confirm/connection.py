"""Which TCP connection a request came over, and when that was opened. Only nginx may tell us."""

import re
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from ringfence.portal.confirm.models import UnconfirmedChange
from ringfence.portal.confirm.moment import Moment

_TOLD: Final = re.compile(r"(\d{1,20}-\d{1,20}) (\d{1,12}\.\d{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Connection:
    """nginx's process and serial number of the connection, and for how many seconds it has been open."""

    name: str
    age: float

    def is_younger_than(self, row: UnconfirmedChange, now: Moment) -> bool:
        """Whether it was opened after the change. One of this boot is younger than whatever an earlier boot saved."""
        if row.boot and now.boot and row.boot != now.boot:
            return True
        return self.name != row.connection and self.age < row.waited(now)


def connection_of(request: HttpRequest) -> Connection | None:
    """None when nobody told: then nothing can be said about how new the connection is.

    nginx sets the header, whatever a client claims: "PROCESS-NUMBER SECONDS", the age of the connection.
    """
    found = _TOLD.fullmatch(request.META.get("HTTP_X_CONNECTION", ""))
    if found is None:
        return None
    return Connection(found[1], float(found[2]))
