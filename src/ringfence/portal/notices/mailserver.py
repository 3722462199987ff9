"""A mail server whose answers may not fill the memory: one may have any number of lines (RFC 5321 section 4.2.1)."""

import smtplib
from typing import IO, Any, Final

LONGEST_ANSWER: Final = 65_536
"""Bytes; real ones have some hundred."""


class _Answers:
    """What the server says, one answer at a time. smtplib keeps all lines of one until the last has come."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = LONGEST_ANSWER

    def expect(self) -> None:
        self._left = LONGEST_ANSWER

    def readline(self, limit: int) -> bytes:
        """Raises OSError for an answer that is too long, on which smtplib ends the connection."""
        line = self._stream.readline(limit)
        self._left -= len(line)
        if self._left < 0:
            raise OSError(f"an answer of more than {LONGEST_ANSWER} bytes")
        return line

    def close(self) -> None:
        self._stream.close()


class _Utf8(str):
    """What smtplib asks for in ASCII and a server expects in UTF-8 (RFC 4616 section 2): passwords have umlauts."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return super().encode("utf-8", errors)


class _Bounded(smtplib.SMTP):
    def login(self, user: str, password: str, *, initial_response_ok: bool = True) -> tuple[int, bytes]:
        return super().login(user, _Utf8(password), initial_response_ok=initial_response_ok)

    def auth(self, mechanism: str, authobject: Any, *, initial_response_ok: bool = True) -> tuple[int, bytes]:
        def said(challenge: Any = None) -> Any:
            words = authobject() if challenge is None else authobject(challenge)
            return None if words is None else _Utf8(words)

        return super().auth(mechanism, said, initial_response_ok=initial_response_ok)

    def getreply(self) -> tuple[int, bytes]:
        own: Any = self
        if own.file is None:
            own.file = _Answers(own.sock.makefile("rb"))
        own.file.expect()
        return super().getreply()


class Plain(_Bounded):
    """In the clear until STARTTLS."""


class Encrypted(_Bounded, smtplib.SMTP_SSL):
    """TLS from the first byte."""
