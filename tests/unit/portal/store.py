"""Reads the policy store back as a worker does."""

from collections.abc import Iterator
from contextlib import contextmanager

from ringfence.portal import places
from ringfence.store.reader import PolicyReader


@contextmanager
def policy() -> Iterator[PolicyReader]:
    """The newest committed state. Closed again, because one process may open the store only once at a time."""
    reader = PolicyReader(places.POLICY)
    try:
        reader.refresh()
        yield reader
    finally:
        reader.close()
