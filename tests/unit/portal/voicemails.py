"""A message in a mailbox, as the voice process would have left it."""

import base64
import io
import json
import secrets
import time
import wave
from typing import Any

from ringfence.audio.sealed import SealedWriter, public_key
from ringfence.portal import audio, places
from ringfence.portal.voicemail.intake import take_in
from tests.unit.portal.rest import Rest


def leave(kind: str, ulaw: bytes, **note: Any) -> str:
    """Puts sealed audio into the spool and has it taken in; its name."""
    spool = places.PATHS.spool
    spool.mkdir(parents=True, exist_ok=True)
    uid = secrets.token_hex(16)
    writer = SealedWriter(spool / f"{uid}.audio", public_key(audio.private_key()))
    writer.write(ulaw)
    writer.close()
    (spool / f"{uid}.json").write_text(json.dumps({"kind": kind, "started_at": time.time(), **note}))
    take_in()
    return uid


def leave_message(mailbox: str, ulaw: bytes = b"\xff" * 8000, caller: str = "101@b.example") -> str:
    return leave("voicemail", ulaw, mailbox=mailbox, caller=caller, call="c1", missed="no-answer")


def wav(seconds: float = 1.0) -> bytes:
    """A WAV file as people upload it."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x10\x20" * round(8000 * seconds))
    return out.getvalue()


def announce(caller: Rest, tenant_id: int, number: str) -> dict[str, Any]:
    made: dict[str, Any] = caller.post(
        "announcements", tenant_id=tenant_id, number=number, name="Closed", audio=base64.b64encode(wav()).decode()
    )
    return made


def record_call(tenant_id: int, caller: str, callee: str, ulaw: bytes = b"\xff" * 16_000, **more: Any) -> str:
    """A finished recording, both channels in turns."""
    facts = {"call": "c1", "direction": "internal", "why": "tenant", "by": "", "announced": True}
    return leave("recording", ulaw, tenant_id=tenant_id, caller=caller, callee=callee, channels=2, **{**facts, **more})
