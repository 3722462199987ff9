"""What every part of the benchmark works with, and what it hands back."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.goals import Verdict
from bench.load.phones import account, write_phone_book
from bench.rig.network import Network
from bench.systems import ringfence
from bench.systems.system import System

EXTENSIONS: Final = 100_000
PHONES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Stage:
    """The network, a scratch folder, the number of rounds, of registrations of `goodwill`, of minutes of `soak`."""

    net: Network
    folder: Path
    repeats: int
    registrations: int = 1_000_000
    minutes: int = 20


@dataclass(frozen=True, slots=True)
class Result:
    """What a part found: verdicts, a table for people, everything for the JSON file."""

    verdicts: tuple[Verdict, ...]
    text: str
    detail: Any


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what it measures, and how."""

    title: str
    run: Callable[[Stage], Result]
    by_itself: bool = True
    """Whether it runs when no part is named."""


def phone_book(stage: Stage, extensions: int, phones: int = PHONES) -> Path:
    """Phones spread evenly over all extensions, so that no lookup profits from its neighbours."""
    path = stage.folder / f"phones-{extensions}-{phones}.csv"
    count = min(phones, extensions)
    write_phone_book(path, (account(number * (extensions // count)) for number in range(count)))
    return path


def callers(stage: Stage, count: int) -> Path:
    """Phones that call; the one that answers, `customers.callee`, is not among them."""
    path = stage.folder / f"callers-{count}.csv"
    write_phone_book(path, (account(number) for number in range(2, 2 + count)))
    return path


def installed(stage: Stage, extensions: int) -> ringfence.Installed:
    """Ringfence with so many extensions in its policy store; made once."""
    folder = stage.folder / f"ours-{extensions}"
    return ringfence.reopen(folder) if folder.exists() else ringfence.install(folder, extensions)


def ours(stage: Stage, extensions: int) -> System:
    """The same, ready to be started."""
    ready = installed(stage, extensions)

    def up() -> AbstractContextManager[None]:
        return ringfence.ringfence(stage.net, ready)

    return System(ringfence.NAME, up)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of all values do not exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
