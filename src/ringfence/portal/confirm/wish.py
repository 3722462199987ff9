"""The wish to have a change reverted unless it is confirmed: `confirm_within` of the request that makes the change."""

from typing import Final

from django.http import HttpRequest, HttpResponse

from ringfence.portal.confirm.connection import connection_of
from ringfence.portal.confirm.trial import PARAMETER, wish, with_wish
from ringfence.portal.middleware import Answer
from ringfence.portal.problems import Refused, problem_response, refuse

LONGEST: Final = 60
"""Minutes."""

HEADER: Final = "X-Unconfirmed-Change"


def confirm_wishes(answer: Answer) -> Answer:
    """Reads `confirm_within` from the query, or from a page's form; names the waiting change in the answer."""

    def wished(request: HttpRequest) -> HttpResponse:
        told = request.GET.get(PARAMETER, "") or (request.POST.get(PARAMETER, "") if _is_form(request) else "")
        if request.method in ("GET", "HEAD", "OPTIONS") or not told:
            return answer(request)
        try:
            minutes = minutes_in(told)
        except Refused as refused:
            return problem_response(request, refused)
        connection = connection_of(request)
        return with_wish(minutes, connection.name if connection else "", lambda: _answered(request, answer))

    return wished


def minutes_in(text: str) -> int:
    """Raises Refused."""
    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= LONGEST and len(text) <= 2:
        return int(text)
    raise refuse(PARAMETER, "confirm.minutes", f"confirm_within is a number of minutes from 1 to {LONGEST}.")


def _answered(request: HttpRequest, answer: Answer) -> HttpResponse:
    response = answer(request)
    current = wish()
    if current is not None and current.saved:
        response[HEADER] = ",".join(str(number) for number in current.saved)
    return response


def _is_form(request: HttpRequest) -> bool:
    return not request.path.startswith("/api/")
