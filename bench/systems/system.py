"""What a measurement needs to know of a system under test."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class System:
    """A system that can be started: entering `up()` yields once it answers, leaving stops it."""

    name: str
    up: Callable[[], AbstractContextManager[None]]
