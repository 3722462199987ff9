"""Refusals as values: each has a stable id and names the field, the rule and the reason (RFC 9457)."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, JsonResponse

from ringfence.policy.settings import Problem
from ringfence.portal.permissions import PERMISSIONS, Permission


class Refused(Exception):
    """The request is understood and not carried out. `problems` name the fields."""

    status = 422
    error_id = "request.invalid"
    title = "The request was refused"
    retry_after: int | None = None
    """Seconds until it is worth trying again (RFC 9110 section 10.2.3)."""

    def __init__(self, problems: Iterable[Problem] = (), detail: str = "", error_id: str = "") -> None:
        self.problems = tuple(problems)
        self.detail = detail or " ".join(problem.message for problem in self.problems) or self.title
        self.error_id = error_id or (self.problems[0].rule if len(self.problems) == 1 else type(self).error_id)
        super().__init__(self.detail)


class NotSignedIn(Refused):
    status = 401
    error_id = "auth.required"
    title = "Sign in first"


class Forbidden(Refused):
    status = 403
    error_id = "auth.forbidden"
    title = "Your role does not permit this"


class PermissionMissing(Forbidden):
    """Names the permission, so that whoever may grant it knows which one."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(detail=f"This needs the permission {permission}: {PERMISSIONS[permission].effect}")


class NotFound(Refused):
    status = 404
    error_id = "object.not_found"
    title = "There is no such object"


class NotAPage(Refused):
    """A GET for what only a form sends, as after a reload or from the browser's history."""

    status = 405
    error_id = "request.not_a_page"
    title = "There is nothing to see here"

    def __init__(self) -> None:
        super().__init__(detail="This address only takes what a form sends. Open its page and send the form again.")


class Conflict(Refused):
    status = 409
    error_id = "object.conflict"
    title = "This exists already"


class LockedOut(Refused):
    status = 429
    error_id = "auth.locked_out"
    title = "Too many failed sign-ins from this address"


class Unavailable(Refused):
    status = 503
    error_id = "service.unavailable"
    title = "A part of the system does not answer"


def refuse(field: str, rule: str, message: str) -> Refused:
    return Refused([Problem(field, rule, message)])


def document(refused: Refused, instance: str = "") -> dict[str, Any]:
    """The problem document; `field` is the first named field, `errors` has all of them."""
    return {
        "type": f"urn:ringfence:problem:{refused.error_id}",
        "title": refused.title,
        "status": refused.status,
        "detail": refused.detail,
        "instance": instance,
        "error_id": refused.error_id,
        "field": refused.problems[0].field if refused.problems else None,
        "errors": [{"field": item.field, "rule": item.rule, "message": item.message} for item in refused.problems],
    }


def problem_response(request: HttpRequest, refused: Refused) -> JsonResponse:
    response = JsonResponse(
        document(refused, request.path), status=refused.status, content_type="application/problem+json"
    )
    if refused.status == NotSignedIn.status:
        response["WWW-Authenticate"] = 'Bearer realm="ringfence"'
    if refused.retry_after is not None:
        response["Retry-After"] = str(refused.retry_after)
    return response
