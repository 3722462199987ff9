"""The guard's side of the program at the links: elements follow the bans, and what cannot be taken out ends all."""

import os
from ipaddress import ip_network

import pytest

from ringfence.doorstep import bpf
from ringfence.doorstep.program import VARIABLE, Files
from ringfence.guard.kernel import doorstep
from ringfence.guard.kernel.doorstep import Doorstep, at_the_links
from ringfence.guard.kernel.shape import Timed

BAN4, BAN6, DROPPED, PROGRAM = 4, 6, 1, 2
A, B = ip_network("198.51.100.7"), ip_network("198.51.100.8")
NET = ip_network("2001:db8:1:2::/64")
PART = ip_network("2001:db8:1:2::7/128")


class Kernel:
    """What bpf(2) holds."""

    def __init__(self) -> None:
        self.maps: dict[int, dict[bytes, int]] = {BAN4: {}, BAN6: {}}
        self.hooks: dict[int, int] = {}
        self.room = 100
        self.sticks = False
        self.counter = 0

    def update(self, file: int, elements: list[tuple[bytes, bytes]]) -> int:
        for done, (key, value) in enumerate(elements):
            if len(self.maps[file]) >= self.room:
                return done
            self.maps[file][key] = int.from_bytes(value, "little")
        return len(elements)

    def delete(self, file: int, key: bytes) -> None:
        if self.sticks:
            raise OSError(16, "MAP_DELETE: Device or resource busy")
        self.maps[file].pop(key, None)

    def hook(self, program: int, index: int) -> int:
        if index == 13:
            raise OSError(95, "LINK_CREATE: Operation not supported")
        self.hooks[100 + index] = index
        return 100 + index

    def unhook(self, hooked: int) -> None:
        del self.hooks[hooked]

    def counted(self, file: int) -> int:
        return self.counter


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    found = Kernel()
    for name in ("update", "delete", "hook", "unhook", "counted"):
        monkeypatch.setattr(bpf, name, getattr(found, name))
    monkeypatch.setattr(doorstep, "_index", {"eth0": 2, "eth1": 3, "old0": 13, "tun0": 0}.__getitem__)
    return found


@pytest.fixture
def step(kernel: Kernel) -> Doorstep:
    return Doorstep(Files(BAN4, BAN6, DROPPED, PROGRAM))


def test_elements_follow_the_bans(kernel: Kernel, step: Doorstep) -> None:
    step.hold([Timed(A, 60), Timed(NET, 60)], ())
    step.ban(Timed(B, 60))
    assert set(kernel.maps[BAN4]) == {A.network_address.packed, B.network_address.packed}
    assert set(kernel.maps[BAN6]) == {NET.network_address.packed[:8]}
    step.lift(A)
    step.lift(NET)
    assert set(kernel.maps[BAN4]) == {B.network_address.packed}
    assert not kernel.maps[BAN6]
    step.hold([Timed(A, 60)], ())
    assert set(kernel.maps[BAN4]) == {A.network_address.packed}


def test_a_64_of_which_a_part_is_spared_is_not_in_the_map(kernel: Kernel, step: Doorstep) -> None:
    step.hold([Timed(NET, 60)], [PART])
    assert not kernel.maps[BAN6]
    step.ban(Timed(NET, 90))
    assert not kernel.maps[BAN6]
    step.spare(())
    assert kernel.maps[BAN6]
    step.spare([PART])
    assert not kernel.maps[BAN6]


def test_what_finds_no_room_keeps_no_older_end(kernel: Kernel, step: Doorstep) -> None:
    step.hold([Timed(A, 600)], ())
    kernel.room = 0
    step.ban(Timed(A, 1))
    assert not kernel.maps[BAN4]
    step.lift(A)


def test_ended_bans_make_room(kernel: Kernel, step: Doorstep) -> None:
    step.hold([Timed(A, 0), Timed(B, 60)], ())
    assert len(kernel.maps[BAN4]) == 2
    step.stand_at(("eth0",))
    assert set(kernel.maps[BAN4]) == {B.network_address.packed}


def test_it_stands_at_ethernet_alone_and_leaves_links_that_go(kernel: Kernel, step: Doorstep) -> None:
    assert step.stand_at(("eth0", "tun0", "old0")) == ("tun0", "old0")
    assert set(kernel.hooks.values()) == {2}
    assert step.stand_at(("eth1",)) == ()
    assert set(kernel.hooks.values()) == {3}
    assert step.stands


def test_an_element_that_stays_ends_the_program(
    kernel: Kernel, step: Doorstep, caplog: pytest.LogCaptureFixture
) -> None:
    step.hold([Timed(A, 600)], ())
    step.stand_at(("eth0", "eth1"))
    kernel.sticks = True
    step.lift(A)
    assert not kernel.hooks
    assert not step.stands
    assert step.stand_at(("eth0", "eth1")) == ("eth0", "eth1")
    assert "nftables alone" in caplog.text


def test_the_count_begins_with_the_table(kernel: Kernel, step: Doorstep) -> None:
    kernel.counter = 5
    step.hold((), ())
    kernel.counter = 8
    assert step.dropped() == 3
    step.hold((), ())
    assert step.dropped() == 0


def test_without_the_files_it_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    step = Doorstep(None)
    step.hold([Timed(A, 60)], ())
    step.lift(A)
    assert step.stand_at(("eth0",)) == ("eth0",)
    assert step.dropped() == 0


@pytest.mark.parametrize("words", ["", "991,992,993,994", "nonsense"])
def test_what_cannot_be_used_is_said(
    words: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, words)
    caplog.set_level("INFO")
    assert at_the_links().stand_at(("lo",)) == ("lo",)
    assert "nftables alone" in caplog.text
    assert VARIABLE not in os.environ
