"""Audio at rest: sealed with a public key, opened with another, and what an attacker can do to the file."""

import os
import resource
from pathlib import Path

import pytest

from ringfence.audio.sealed import CHUNK, SealBroken, SealedReader, SealedWriter, public_key, read_sealed

KEY = bytes(range(32))


def written(path: Path, audio: bytes) -> Path:
    writer = SealedWriter(path, public_key(KEY))
    writer.write(audio)
    writer.close()
    return path


def test_what_was_written_is_read_and_nothing_is_in_the_clear(tmp_path: Path) -> None:
    audio = os.urandom(3 * CHUNK + 5)
    path = written(tmp_path / "a", audio)
    reader = SealedReader(path, KEY)
    assert b"".join(reader.chunks()) == audio
    assert reader.whole
    assert audio[:64] not in path.read_bytes()


def test_another_key_another_name_and_a_changed_byte_open_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"x" * 100)
    with pytest.raises(SealBroken):
        read_sealed(path, bytes(32 - 1) + b"\x01")
    raw = bytearray(path.read_bytes())
    (tmp_path / "b").write_bytes(raw)
    with pytest.raises(SealBroken):
        read_sealed(tmp_path / "b", KEY)
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(SealBroken):
        read_sealed(path, KEY)


def test_chunks_can_be_neither_exchanged_nor_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "a", os.urandom(3 * CHUNK))
    raw = path.read_bytes()
    size = 5 + CHUNK + 16
    path.write_bytes(raw[:40] + raw[40 + size :])
    with pytest.raises(SealBroken):
        read_sealed(path, KEY)


def test_a_killed_writer_leaves_what_it_had_written(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"x" * (2 * CHUNK + 10))
    path.write_bytes(path.read_bytes()[:-7])
    reader = SealedReader(path, KEY)
    assert b"".join(reader.chunks()) == b"x" * (2 * CHUNK)
    assert not reader.whole


def test_a_disk_that_takes_half_of_a_chunk_is_full(tmp_path: Path) -> None:
    """Going on behind the half would leave a file that nobody can read on, and tell the caller that it is saved."""
    audio = os.urandom(3 * CHUNK)
    writer = SealedWriter(tmp_path / "a", public_key(KEY))
    writer.write(audio[: CHUNK + 1])
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "a").stat().st_size + CHUNK // 2, unlimited[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            writer.write(audio[CHUNK + 1 : 2 * CHUNK + 1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    writer.abandon()
    assert b"".join(SealedReader(tmp_path / "a", KEY).chunks()) == audio[:CHUNK]


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"RIFF")
    with pytest.raises(SealBroken):
        read_sealed(tmp_path / "a", KEY)
