"""Refusals that only the API knows."""

from ringfence.portal.problems import Conflict, Refused


class PreconditionFailed(Refused):
    status = 412
    error_id = "precondition.failed"
    title = "The object is not what you saw"


class PreconditionRequired(Refused):
    """RFC 6585 section 3."""

    status = 428
    error_id = "precondition.required"
    title = "Send If-Match with the ETag of the object you saw"


class TooManyRequests(Refused):
    """RFC 6585 section 4."""

    status = 429
    error_id = "rate.exceeded"
    title = "Too many requests with this token"


class WrongContentType(Refused):
    status = 415
    error_id = "request.content_type"
    title = "The body must be JSON"


class TooLarge(Refused):
    status = 413
    error_id = "request.size"
    title = "The body is too large"


class KeyInUse(Conflict):
    error_id = "idempotency.in_use"
    title = "A request with this key is being carried out"
