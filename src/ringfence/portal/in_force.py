"""The policy that the workers have now, for pages that ask it what it would do."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import lmdb
from django.utils import timezone

from ringfence.portal import places
from ringfence.portal.problems import Unavailable, refuse
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
