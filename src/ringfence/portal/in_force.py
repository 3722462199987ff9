"""The policy that the workers have now, for pages that ask it what it would do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import lmdb
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from ringfence.portal import places
from ringfence.portal.access import actor_of
from ringfence.portal.forms import PortalForm
from ringfence.portal.problems import Refused, Unavailable, refuse
from ringfence.store.reader import PolicyReader


@contextmanager
def policy_in_force() -> Iterator[PolicyReader]:
    """The policy store, read anew. Raises Unavailable."""
    try:
        reader = PolicyReader(places.POLICY)
    except (OSError, lmdb.Error) as error:
        raise Unavailable(detail=f"The policy store cannot be read: {error}") from error
    try:
        reader.refresh()
        yield reader
    finally:
        reader.close()


def question_page(
    request: HttpRequest, form: PortalForm, explain: Callable[..., dict[str, Any]], templates: tuple[str, str]
) -> HttpResponse:
    """What would happen to a call, and why: the whole page, or only the answer when htmx asks. Only asks, so the
    question stands in the address."""
    found: dict[str, Any] = {}
    if form.is_valid():
        try:
            found = explain(actor_of(request), **form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
    is_part = bool(request.headers.get("HX-Request"))
    status = 422 if form.errors and not is_part else 200  # htmx shows no answer that is an error
    return render(request, templates[is_part], {"form": form, "found": found, "is_part": is_part}, status=status)


def moment(at: str) -> float:
    """The Unix time of a moment as people write it; "" is now. Raises Refused."""
    if not at:
        return timezone.now().timestamp()
    try:
        found = datetime.fromisoformat(at)
    except ValueError as error:
        raise refuse(
            "at", "explain.moment", "A moment is like 2026-12-24T18:00+01:00; without a zone it is UTC."
        ) from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
