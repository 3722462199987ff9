"""The file of a backup: sealed without a secret on the machine, opened by the passphrase alone."""

import io
from contextlib import closing
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.backups.lock import Lock, WeakPassphrase, WrongPassphrase, lock_from, new_lock
from ringfence.backups.sealed import PIECE, TAG, Damaged, NoBackup, OpeningReader, SealingWriter

PASSPHRASE = "correct horse battery"


@cache
def lock() -> Lock:
    return new_lock(PASSPHRASE)


def sealed(plain: bytes) -> bytes:
    target = io.BytesIO()
    with closing(SealingWriter(target, lock())) as writer:
        for start in range(0, len(plain), 70_000):
            writer.write(plain[start : start + 70_000])
    return target.getvalue()


def opened(raw: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return OpeningReader(io.BytesIO(raw), passphrase).read()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7])
def test_what_was_sealed_comes_back(size: int) -> None:
    plain = bytes(number % 251 for number in range(256)) * (size // 256 + 1)
    assert opened(sealed(plain[:size])) == plain[:size]


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(WrongPassphrase):
        opened(sealed(b"secret"), "correct horse batterie")


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_byte_that_was_altered_is_noticed(data: st.DataObject) -> None:
    raw = bytearray(sealed(b"a system's whole state" * 40))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((Damaged, NoBackup, WrongPassphrase)):
        opened(bytes(raw))


@pytest.mark.parametrize("cut", [1, TAG, PIECE + TAG])
def test_an_end_that_was_cut_off_is_noticed(cut: int) -> None:
    """Cut off at the edge of a piece as well: the last piece says that it is the last."""
    raw = sealed(b"x" * (2 * PIECE + PIECE))
    with pytest.raises(Damaged):
        opened(raw[:-cut])


def test_pieces_that_were_swapped_are_noticed() -> None:
    raw = sealed(b"x" * PIECE + b"y" * PIECE + b"z")
    head, body = raw.split(b"\n", 1)
    first, second, rest = body[: PIECE + TAG], body[PIECE + TAG : 2 * (PIECE + TAG)], body[2 * (PIECE + TAG) :]
    with pytest.raises(Damaged):
        opened(head + b"\n" + second + first + rest)


@pytest.mark.parametrize("raw", [b"", b"\n", b"PK\x03\x04", b'{"kind": "other"}\n', b"\xff" * 5000])
def test_another_file_is_no_backup(raw: bytes) -> None:
    with pytest.raises(NoBackup):
        opened(raw)


def test_a_later_format_says_so() -> None:
    raw = sealed(b"x").replace(b'"format": 1', b'"format": 2')
    with pytest.raises(NoBackup, match="format 2"):
        opened(raw)


def test_two_backups_of_the_same_share_no_byte_of_their_body() -> None:
    one, other = (sealed(b"same" * 1000).split(b"\n", 1)[1] for _ in range(2))
    assert one[:64] != other[:64]


def test_another_keyboard_writes_the_same_passphrase() -> None:
    """An umlaut as one character and as two (NFC and NFD)."""
    target = io.BytesIO()
    with closing(SealingWriter(target, new_lock("Schl\u00fcssel und Bund"))) as writer:
        writer.write(b"plain")
    assert opened(target.getvalue(), "Schlu\u0308ssel und Bund") == b"plain"


def test_half_a_character_is_refused() -> None:
    with pytest.raises(WeakPassphrase):
        new_lock("correct horse \ud800 battery")


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(WeakPassphrase):
        new_lock("short")


def test_a_lock_survives_its_file() -> None:
    assert lock_from(dict(lock().words)) == lock()
    with pytest.raises(ValueError, match="no lock"):
        lock_from({"salt": "00", "public": "00"})
