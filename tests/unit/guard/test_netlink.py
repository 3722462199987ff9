"""Netlink as bytes: what is packed is read back, and nothing hostile or torn leads astray."""

import errno
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from ringfence.guard.kernel import netlink
from ringfence.guard.kernel.elements import additions, element, packer


class Paired(netlink.Netlink):
    """Speaks to the test instead of the kernel."""

    def __init__(self) -> None:
        self._socket, self.kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(1.0)


@pytest.fixture
def link() -> Iterator[Paired]:
    paired = Paired()
    yield paired
    paired.close()
    paired.kernel.close()


def code(number: int) -> bytes:
    return struct.pack("=i", number) + bytes(16)


def test_attributes_come_back_as_they_were_packed() -> None:
    body = netlink.text(1, "ringfence") + netlink.nested(3, netlink.attribute(1, b"\x01\x02\x03"))
    (first, name), (second, inner) = netlink.attributes(body)
    assert (first, name, second) == (1, b"ringfence\0", 3)
    assert list(netlink.attributes(inner)) == [(1, b"\x01\x02\x03")]


@pytest.mark.parametrize("torn", [b"", b"\x04", b"\0\0\0\0", b"\x02\x00\x01\x00"])
def test_torn_attributes_and_messages_end_the_walk(torn: bytes) -> None:
    assert list(netlink.attributes(torn)) == []
    assert list(netlink.split(torn)) == []


def test_an_answer_ends_with_done_and_an_error_is_raised(link: Paired) -> None:
    request = netlink.message(1, netlink.REQUEST, b"")
    link.kernel.send(netlink.message(7, 0, b"left of an earlier question"))
    answers = netlink.message(7, 0, b"abcd") + netlink.message(netlink.DONE, 0, code(0))
    assert _asked(link, link.ask(request), answers) == [(7, b"abcd")]
    with pytest.raises(FileNotFoundError):
        _asked(link, link.ask(request), netlink.message(netlink.ERROR, 0, code(-errno.ENOENT)))


def _asked(link: Paired, questions: Iterator[tuple[int, bytes]], answer: bytes) -> list[tuple[int, bytes]]:
    """Answers when the question has been sent."""

    def reply() -> None:
        link.kernel.recv(1000)
        link.kernel.send(answer)

    thread = threading.Thread(target=reply)
    thread.start()
    try:
        return list(questions)
    finally:
        thread.join()


def test_the_fast_packer_packs_what_element_makes() -> None:
    key = bytes((192, 0, 2, 7))
    assert packer(4).pack(element(key)[:-4], key) == element(key)


def test_a_long_list_is_split_into_messages_that_fit() -> None:
    messages = list(netlink.split(additions("t", "s", [element(bytes(16), 1000)] * 4000)))
    assert len(messages) == 3
    assert all(len(body) < 1 << 16 for _, body in messages)
