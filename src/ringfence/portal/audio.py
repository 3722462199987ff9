"""Sealed messages and recordings: the key that opens them, where they lie, and the WAV file a browser gets."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.http import HttpRequest, StreamingHttpResponse

from ringfence.audio.g711 import samples_from_ulaw
from ringfence.audio.sealed import SealBroken, SealedReader, public_key
from ringfence.audio.wav import wav_header
from ringfence.portal import keys, places
from ringfence.portal.problems import NotFound
from ringfence.portal.streamed import streamed

KEY_FILE: Final = "audio.key"
FOLDER: Final = places.PATHS.audio
_PCM_BYTES: Final = 2


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


def wav_answer(request: HttpRequest, uid: str, size: int, channels: int, name: str) -> StreamingHttpResponse:
    """The audio as a WAV file of 16 bit samples. Raises NotFound."""
    try:
        reader = SealedReader(file_of(uid), private_key())
    except (OSError, SealBroken) as error:
        raise NotFound(detail="The audio cannot be opened any more.") from error
    answer = streamed(request, _wav(reader, size, channels), "audio/wav", f"{name}.wav")
    answer["Content-Disposition"] = f'inline; filename="{name}.wav"'
    answer["Content-Length"] = str(len(wav_header(0, channels)) + _PCM_BYTES * size)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _wav(reader: SealedReader, size: int, channels: int) -> Iterator[bytes]:
    yield wav_header(_PCM_BYTES * size, channels)
    for part in reader.chunks():
        yield samples_from_ulaw(part)


def delete_files(uids: list[str]) -> None:
    for uid in uids:
        file_of(uid).unlink(missing_ok=True)
