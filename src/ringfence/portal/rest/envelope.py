"""Around every answer of the API: no large body comes in, and every error is a problem document."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from ringfence.portal.problems import Refused, problem_response
from ringfence.portal.rest.entity_tags import names
from ringfence.portal.rest.problems import TooLarge

LARGEST_BODY: Final = 1 << 20
LISTS: Final = {"/api/v1/ip-filters/import": 128 << 20}
"""Whole lists are larger. The web server has asked who sends them before it took a byte (webaccess/uploads.py)."""

TITLES: Final = {400: "The request cannot be read", 405: "This method is not known here", 404: "There is nothing here"}


def envelope(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def enclosed(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return answer(request)
        refused = _objection(request)
        response = problem_response(request, refused) if refused else answer(request)
        return _not_modified(request, _as_problem(request, response))

    return enclosed


def _objection(request: HttpRequest) -> Refused | None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    most = LISTS.get(request.path, LARGEST_BODY)
    if not length.isdecimal() or int(length) > most:
        return TooLarge(detail=f"A body has at most {most} bytes.")
    return None


def _as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Ninja and Django answer some errors in their own words."""
    if response.status_code < 400 or response["Content-Type"] == "application/problem+json":
        return response
    refused = Refused(error_id=f"request.status_{response.status_code}", detail=TITLES.get(response.status_code, ""))
    refused.status, refused.title = response.status_code, TITLES.get(response.status_code, Refused.title)
    problem = problem_response(request, refused)
    if response.has_header("Allow"):
        problem["Allow"] = response["Allow"]
    return problem


def _not_modified(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Adds the ETag; whoever has this representation already gets no second copy (RFC 9110 section 13.1.2)."""
    tag = getattr(request, "entity_tag", "")
    if not tag or response.status_code != 200:
        return response
    response["ETag"] = tag
    condition = request.headers.get("If-None-Match")
    if request.method == "GET" and condition is not None and names(condition.replace("W/", ""), tag):
        bare = HttpResponse(status=304)
        bare["ETag"] = tag
        return bare
    return response
