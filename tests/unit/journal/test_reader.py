"""The journal's reader: every whole line exactly once, whatever was torn, rotated, dropped or restarted."""

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.journal import layout, reader, writer
from ringfence.journal.reader import LINE_START, Checkpoint, JournalReader, decode, replay
from ringfence.policy.events import Kind

NOW = 1000.0
type Follow = Callable[..., JournalReader]


@pytest.fixture(autouse=True)
def _no_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests turn segments faster than any system does."""
    monkeypatch.setattr(reader, "SETTLE_SECONDS", 0.0)


@pytest.fixture(name="follow")
def _follow() -> Iterator[Follow]:
    """Readers that are closed again."""
    with ExitStack() as stack:
        yield lambda folder, start=Checkpoint(): stack.enter_context(closing(JournalReader(folder, start)))  # noqa: B008


def read_all(journal: JournalReader, now: float = NOW) -> list[int]:
    """The numbers of all events that are there."""
    numbers: list[int] = []
    while True:
        batch = journal.read(now)
        numbers += [event["n"] for _, event in batch.entries()]
        if not batch.lines and not batch.more:
            return numbers


def append(folder: Path, *numbers: int) -> None:
    with closing(writer.JournalWriter(folder)) as pen:
        for number in numbers:
            assert pen.append(Kind.CALL_ENDED, {"n": number})


def test_events_are_read_once_and_in_order(tmp_path: Path, follow: Follow) -> None:
    append(tmp_path, 1, 2, 3)
    journal = follow(tmp_path)
    assert read_all(journal) == [1, 2, 3]
    assert read_all(journal) == []


def test_reading_goes_on_at_the_checkpoint(tmp_path: Path, follow: Follow) -> None:
    append(tmp_path, 1, 2)
    first = follow(tmp_path)
    assert read_all(first) == [1, 2]
    append(tmp_path, 3)
    assert read_all(follow(tmp_path, first.checkpoint)) == [3]


def test_half_a_line_waits_for_its_other_half(tmp_path: Path, follow: Follow) -> None:
    journal = follow(tmp_path)
    path = layout.segment_path(tmp_path, 0)
    path.write_bytes(b'{"t":1,"kind":"call.ended","n":7')
    assert read_all(journal) == []
    with path.open("ab") as stream:
        stream.write(b"}\n")
    assert read_all(journal) == [7]


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "SEGMENT_BYTES", 200)
    monkeypatch.setattr(writer, "LINES_BETWEEN_LOOKS", 1)


@pytest.mark.usefixtures("small_segments")
def test_rotation_loses_nothing_and_old_segments_go(tmp_path: Path, follow: Follow) -> None:
    append(tmp_path, *range(100))
    journal = follow(tmp_path)
    assert read_all(journal) == list(range(100))
    journal.release()
    kept = reader.segments(tmp_path)
    assert journal.checkpoint.segment - kept[0] == layout.KEPT_SEGMENTS
    assert layout.Head(tmp_path).consumed == journal.checkpoint.segment


@pytest.mark.usefixtures("small_segments")
def test_segments_a_snapshot_needs_are_kept(tmp_path: Path, follow: Follow) -> None:
    append(tmp_path, *range(100))
    journal = follow(tmp_path)
    read_all(journal)
    journal.release(keep_from=2)
    assert reader.segments(tmp_path)[0] == 2


@pytest.mark.usefixtures("small_segments")
def test_a_writer_that_chose_the_old_segment_just_before_the_turn_is_still_heard(
    tmp_path: Path, follow: Follow
) -> None:
    append(tmp_path, *range(10))
    journal = follow(tmp_path)
    read_all(journal)
    previous = journal.checkpoint.segment - 1
    with layout.segment_path(tmp_path, previous).open("ab") as stream:
        stream.write(b'{"t":1,"kind":"call.ended","n":77}\n')
    assert read_all(follow(tmp_path, journal.checkpoint)) == [77]
    assert read_all(journal, NOW + 1) == [77]
    assert read_all(journal, NOW + 10) == []


@pytest.mark.usefixtures("small_segments")
def test_a_writer_too_far_ahead_drops_and_counts_until_the_reader_catches_up(tmp_path: Path) -> None:
    with closing(writer.JournalWriter(tmp_path)) as pen, closing(JournalReader(tmp_path)) as journal:
        written = [number for number in range(400) if pen.append(Kind.CALL_ENDED, {"n": number})]
        assert journal.dropped == 400 - len(written) > 0
        assert read_all(journal) == written
        journal.release()
        assert pen.append(Kind.CALL_ENDED, {"n": 1000})
        assert read_all(journal) == [1000]


def test_a_lost_head_does_not_send_writers_back(tmp_path: Path, follow: Follow) -> None:
    layout.segment_path(tmp_path, 5).write_bytes(b'{"t":1,"kind":"call.ended","n":5}\n')
    journal = follow(tmp_path, Checkpoint(5, 0))
    append(tmp_path, 6)
    assert read_all(journal) == [5, 6]


def test_a_missing_segment_is_passed_over(tmp_path: Path, follow: Follow) -> None:
    layout.Head(tmp_path).segment = 3
    append(tmp_path, 1)
    assert read_all(follow(tmp_path)) == [1]


def test_a_folder_that_is_gone_is_an_empty_journal(tmp_path: Path) -> None:
    assert reader.segments(tmp_path / "nowhere") == []
    assert list(replay(tmp_path / "nowhere")) == []


def test_garbage_without_an_end_is_skipped_and_counted(tmp_path: Path, follow: Follow) -> None:
    layout.segment_path(tmp_path, 0).write_bytes(b"x" * reader.CHUNK_BYTES + b'\n{"t":1,"kind":"call.ended","n":1}\n')
    journal = follow(tmp_path)
    assert journal.read(NOW).spoiled == 1
    assert read_all(journal) == [1]


@pytest.mark.usefixtures("small_segments")
def test_replay_ends_where_it_is_told(tmp_path: Path, follow: Follow) -> None:
    append(tmp_path, *range(30))
    journal = follow(tmp_path)
    until = [journal.checkpoint]
    count = 0
    while (batch := journal.read(NOW)).lines or batch.more:
        count += len(batch.lines)
        until.append(journal.checkpoint)
        assert [event["n"] for _, event in replay(tmp_path, Checkpoint(), journal.checkpoint)] == list(range(count))
        assert [event["n"] for _, event in replay(tmp_path, journal.checkpoint)] == list(range(count, 30))


EVENT = {"t": 1.5, "kind": "auth.failed", "account": '{"t":9,"kind":"call.ended"}', "source": "192.0.2.1"}
LINE = orjson.dumps(EVENT)


@given(st.integers(0, len(LINE) - 1), st.booleans())
def test_a_torn_line_never_spoils_the_next_one(cut: int, newline: bool) -> None:
    glued = LINE[:cut] + (b"\n" if newline else b"") + LINE
    decoded = [entry for part in glued.split(b"\n") if (entry := decode(part)) is not None]
    assert decoded[-1] == (LINE, EVENT)
    assert len(decoded) == 1


@given(st.binary(max_size=200))
def test_garbage_before_a_whole_line_never_hides_it(garbage: bytes) -> None:
    last = (garbage + LINE).split(b"\n")[-1]
    entry = decode(last)
    assert entry is not None
    assert entry[1] == EVENT


def test_a_line_of_nothing_but_beginnings_is_given_up_at_once() -> None:
    """One of 64 KiB held the guard for a second, one of a megabyte the start of the core for half a minute."""
    begun = time.process_time()
    assert decode(LINE_START * 200_000) is None
    assert time.process_time() - begun < 0.5
    assert decode(LINE_START * 20_000 + LINE) == (LINE, EVENT)


def test_replay_goes_on_behind_garbage_and_says_that_there_was_some(tmp_path: Path) -> None:
    append(tmp_path, 1)
    with layout.segment_path(tmp_path, 0).open("ab") as stream:
        stream.write(b"x" * 200_000 + b"\n\nshort\n")
    append(tmp_path, 2)
    with layout.segment_path(tmp_path, 0).open("ab") as stream:
        stream.write(LINE[:30])
    spoiled: list[None] = []
    entries = replay(tmp_path, spoiled=lambda: spoiled.append(None))
    assert [event["n"] for _, event in entries] == [1, 2]
    assert len(spoiled) == 5, "four pieces and a line; the last one is being written"


@given(st.binary(max_size=300))
def test_garbage_alone_is_never_an_event_without_kind_and_time(garbage: bytes) -> None:
    entry = decode(garbage)
    assert entry is None or ("kind" in entry[1] and "t" in entry[1])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.just(LINE + b"\n"), st.binary(max_size=60), st.just(LINE[:30])), max_size=30))
def test_any_mixture_on_disk_is_read_to_its_end(pieces: list[bytes]) -> None:
    with pytest.MonkeyPatch.context():
        folder = Path(f"/tmp/ringfence-journal-{os.getpid()}")
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        layout.segment_path(folder, 0).write_bytes(b"".join(pieces) + b"\n" + LINE + b"\n")
        journal = JournalReader(folder)
        batch = journal.read(NOW)
        assert batch.entries()[-1] == (LINE, EVENT)
        journal.close()


def _write_many(folder: Path, first: int, count: int) -> None:
    writer.SEGMENT_BYTES = 16000  # type: ignore[misc]
    writer.LINES_BETWEEN_LOOKS = 8  # type: ignore[misc]
    with closing(writer.JournalWriter(folder)) as pen:
        for number in range(first, first + count):
            while not pen.append(Kind.CALL_ENDED, {"n": number}):
                time.sleep(0.001)  # the reader is behind: with segments this small, often


def test_several_processes_appending_while_segments_turn_lose_and_double_nothing(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "SETTLE_SECONDS", 0.2)
    context = multiprocessing.get_context("fork")
    journal = follow(tmp_path)
    workers = [context.Process(target=_write_many, args=(tmp_path, first, 1000)) for first in range(0, 4000, 1000)]
    for worker in workers:
        worker.start()
    numbers: list[int] = []
    while any(worker.is_alive() for worker in workers):
        numbers += read_all(journal, time.monotonic())
        journal.release()
    deadline = time.monotonic() + 10
    while len(numbers) < 4000 and time.monotonic() < deadline:
        numbers += read_all(journal, time.monotonic())
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert set(Counter(numbers).values()) == {1}
    assert len(numbers) == 4000
