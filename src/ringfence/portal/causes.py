"""An exception and what it was raised from: Django wraps what a database says, and others wrap that."""

from collections.abc import Iterator


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception itself first, then each that it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
