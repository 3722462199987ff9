"""Sealed messages and recordings: the key that opens them, where they lie, and the WAV file a browser gets."""

import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ringfence.audio.g711 import samples_from_ulaw
from ringfence.audio.sealed import CHUNK, SealBroken, SealedReader, public_key
from ringfence.audio.wav import wav_header
from ringfence.portal import keys, places
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.streamed import streamed

KEY_FILE: Final = "audio.key"
FOLDER: Final = places.PATHS.audio
_PCM_BYTES: Final = 2
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class NoSuchPart(Refused):
    """RFC 9110 section 15.5.17."""

    status = 416
    error_id = "audio.range"
    title = "There is no such part of the audio"


def private_key() -> bytes:
    """Only the portal's processes can read the file; it is made on first use."""
    return keys.key_bytes(places.SECRETS, KEY_FILE)


def lay_out_public_key() -> None:
    """For the voice process, which can seal with it and never open."""
    lay_out(places.PATHS.audio_key, public_key(private_key()))


def lay_out(path: Path, content: bytes) -> None:
    """A file for the voice process, whole or not at all."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.chmod(0o640)
    draft.replace(path)


def file_of(uid: str) -> Path:
    return FOLDER / f"{uid}.audio"


def measured(path: Path) -> tuple[int, bool]:
    """Bytes of audio in a sealed file, and whether its writer finished it. Raises SealBroken or OSError."""
    reader = SealedReader(path, private_key())
    size = sum(map(len, reader.chunks()))
    return size, reader.whole


def ulaw_of(uid: str) -> bytes:
    """The whole audio. Raises NotFound."""
    try:
        return b"".join(SealedReader(file_of(uid), private_key()).chunks())
    except (OSError, SealBroken) as error:
        raise NotFound(detail="The audio cannot be opened any more.") from error


def wav_answer(request: HttpRequest, uid: str, size: int, channels: int, name: str) -> HttpResponseBase:
    """The audio as a WAV file of 16 bit samples, or the part of it that is asked for (RFC 9110 section 14).

    Raises NotFound or NoSuchPart.
    """
    try:
        reader = SealedReader(file_of(uid), private_key())
    except (OSError, SealBroken) as error:
        raise NotFound(detail="The audio cannot be opened any more.") from error
    whole = len(wav_header(0, channels)) + _PCM_BYTES * size
    part = part_of(request.headers.get("Range", ""), whole)
    if part is None:
        raise NoSuchPart(detail=f"The audio has {whole} bytes.")
    answer = streamed(request, _wav(reader, size, channels, part), "audio/wav", f"{name}.wav")
    if len(part) < whole:
        answer.status_code = 206
        answer["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{whole}"
    answer["Accept-Ranges"] = "bytes"
    answer["Content-Disposition"] = f'inline; filename="{name}.wav"'
    answer["Content-Length"] = str(len(part))
    answer["Cache-Control"] = "private, no-store"
    return answer


def part_of(wanted: str, whole: int) -> range | None:
    """Which bytes of so many a Range header asks for; None when there are none of them.

    What is no single range of bytes is ignored, as RFC 9110 section 14.2 wants it.

    >>> part_of("bytes=2-3", 10), part_of("bytes=-2", 10), part_of("bytes=10-", 10), part_of("", 10)
    (range(2, 4), range(8, 10), None, range(0, 10))
    """
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or not (found[1] or found[2]):
        return range(whole)
    if not found[1]:
        start, stop = max(whole - int(found[2]), 0), whole
    else:
        start, stop = int(found[1]), min(int(found[2]) + 1 if found[2] else whole, whole)
    return range(start, stop) if start < stop else None


def _wav(reader: SealedReader, size: int, channels: int, part: range) -> Iterator[bytes]:
    """Chunks before the part are passed over without opening them."""
    header = wav_header(_PCM_BYTES * size, channels)
    passed = max(part.start - len(header), 0) // (_PCM_BYTES * CHUNK)
    at = len(header) + passed * _PCM_BYTES * CHUNK if passed else 0
    pieces = (samples_from_ulaw(piece) for piece in reader.chunks(passed))
    for piece in pieces if passed else chain((header,), pieces):
        if at >= part.stop:
            return
        yield piece[max(part.start - at, 0) : part.stop - at]
        at += len(piece)


def delete_files(uids: list[str]) -> None:
    for uid in uids:
        file_of(uid).unlink(missing_ok=True)
