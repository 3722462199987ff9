"""A strict stand-in for Kamailio's KSR module: it answers only what a test planned and remembers every call."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class Unplanned(AssertionError):
    """The code called something the test did not plan."""


class Kamailio:
    """What the fake answers (`"auth.www_challenge": 1`) and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def call(self, name: str, *arguments: Any) -> Any:
        self.calls.append((name, arguments))
        if name not in self.answers:
            raise Unplanned(f"KSR.{name}{arguments}")
        answer = self.answers[name]
        return answer(*arguments) if callable(answer) else answer

    def arguments_of(self, name: str) -> list[tuple[Any, ...]]:
        return [arguments for called, arguments in self.calls if called == name]


class _Room:
    def __init__(self, kamailio: Kamailio, name: str) -> None:
        self._kamailio, self._name = kamailio, name

    def __getattr__(self, function: str) -> Any:
        return lambda *arguments: self._kamailio.call(f"{self._name}.{function}", *arguments)


class _Module(ModuleType):
    def __init__(self, kamailio: Kamailio) -> None:
        super().__init__("KSR")
        self._kamailio = kamailio

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("force_rport", "err", "setdsturi", "set_forward_no_connect"):
            return lambda *arguments: self._kamailio.call(name, *arguments)
        return _Room(self._kamailio, name)


@contextmanager
def loaded() -> Iterator[Kamailio]:
    """The signaling package freshly imported on top of a fake Kamailio."""
    kamailio = Kamailio()
    before = {name: module for name, module in sys.modules.items() if name.startswith("ringfence.signaling")}
    for name in before:
        del sys.modules[name]
    sys.modules["KSR"] = _Module(kamailio)
    try:
        yield kamailio
    finally:
        for name in [name for name in sys.modules if name.startswith("ringfence.signaling")]:
            del sys.modules[name]
        del sys.modules["KSR"]
        sys.modules.update(before)
