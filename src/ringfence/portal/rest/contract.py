"""What each operation keeps, around its own work: preconditions, idempotency keys, no unknown query parameter."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final

from django.db import connection, transaction
from ninja import NinjaAPI

from ringfence.policy.settings import Problem
from ringfence.portal.actor import ApiRequest
from ringfence.portal.confirm.trial import PARAMETER as CONFIRM_WITHIN
from ringfence.portal.problems import Refused
from ringfence.portal.rest.entity_tags import require_match, tag_of
from ringfence.portal.rest.idempotency import HEADER, once
from ringfence.portal.rest.problems import PreconditionFailed

type View = Callable[..., Any]

CHANGING: Final = frozenset({"PATCH", "PUT", "DELETE"})


@dataclass(slots=True)
class Contract:
    """What is known of every operation once all are mounted: how its object is read, and which queries it takes."""

    readers: dict[str, View] = field(default_factory=dict)
    queries: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def learn(self, api: NinjaAPI) -> None:
        """Call it when every router is mounted."""
        for path, methods in api.get_openapi_schema(path_prefix="")["paths"].items():
            for method, about in methods.items():
                named = [item["name"] for item in about.get("parameters", ()) if item["in"] == "query"]
                self.queries[method.upper(), _plain(path)] = frozenset(named)
        for _, router in api._routers:
            for path, view in router.path_operations.items():
                for operation in view.operations:
                    if "GET" in operation.methods:
                        self.readers[_plain(path)] = operation.view_func

    def keep(self, view: View) -> View:
        """The operation with its contract; the arguments are checked already, and the actor is known."""

        @wraps(view)
        def kept(request: ApiRequest, **values: Any) -> Any:
            path = _path(request)
            self._refuse_unknown_queries(request, path)
            if request.method in CHANGING:
                return self._change(request, path, lambda: view(request, **values))
            key = request.headers.get(HEADER)
            if request.method == "POST" and key is not None and hasattr(request, "auth"):
                return once(request, key, lambda: view(request, **values))
            shown = view(request, **values)
            if request.method == "GET" and isinstance(shown, dict):
                request.entity_tag = tag_of(shown)
            return shown

        return kept

    def _change(self, request: ApiRequest, path: str, work: Callable[[], Any]) -> Any:
        """Compares and changes in one transaction, one change of an object at a time."""
        reader, condition = self.readers.get(path), request.headers.get("If-Match")
        if reader is None:
            if condition is not None:
                raise PreconditionFailed(detail="This address has no representation, so no ETag can match.")
            return work()
        assert request.resolver_match is not None
        values = request.resolver_match.kwargs
        with transaction.atomic():
            _one_at_a_time(request.path)
            require_match(condition, reader(request, **values) if condition is not None else None)
            shown = work()
        if isinstance(shown, dict):
            request.entity_tag = tag_of(shown)
        return shown

    def _refuse_unknown_queries(self, request: ApiRequest, path: str) -> None:
        known = self.queries.get((request.method or "", path), frozenset()) | _everywhere(request)
        unknown = [name for name in request.GET if name not in known]
        if unknown:
            message = "There is no such query parameter here."
            raise Refused([Problem(name[:64], "request.unknown_query", message) for name in unknown[:10]])


def _path(request: ApiRequest) -> str:
    """The path as the routers write it."""
    assert request.resolver_match is not None
    return _plain(request.resolver_match.route.partition("/v1/")[2])


def _plain(path: str) -> str:
    """The same text for `users/{int:user_id}`, `/users/{user_id}` and `users/<int:user_id>`.

    >>> _plain("users/<int:user_id>") == _plain("/users/{user_id}") == "users/{}"
    True
    """
    parts = path.strip("/").split("/")
    return "/".join("{}" if part[:1] in "{<" and part else part for part in parts)


def _one_at_a_time(path: str) -> None:
    """SQLite writes one transaction at a time; PostgreSQL is asked for a lock that the path names."""
    if connection.vendor != "postgresql":
        return
    number = int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


CONTRACT: Final = Contract()


def _everywhere(request: ApiRequest) -> frozenset[str]:
    """What every change understands: to be taken back unless it is confirmed."""
    return frozenset() if request.method == "GET" else frozenset({CONFIRM_WITHIN})
