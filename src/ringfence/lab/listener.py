"""A listener at the event socket, as a process on a lab host: the example client of the documentation."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from ringfence.hosts.paths import CODE
from ringfence.lab.network import PBX_ADDRESS, Host

CLIENT: Final = CODE / "docs" / "examples" / "wsi_client.py"
URL: Final = f"wss://{PBX_ADDRESS}:8885/"


class Silence(Exception):
    """The awaited message did not come; the text shows what came instead."""


class Listener:
    """Runs the client until the end of the `with` block and keeps what it printed, each with its time of arrival."""

    def __init__(self, host: Host, certificate: Path, token: str, *topics: str, since: str = "") -> None:
        words = [sys.executable, str(CLIENT), URL, str(certificate), *topics, *(["--since", since] if since else [])]
        self.messages: list[dict[str, Any]] = []
        self.complaint = ""
        self._process = host.start(
            words,
            env=os.environ | {"RINGFENCE_TOKEN": token},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._readers = [threading.Thread(target=work, daemon=True) for work in (self._read, self._read_complaint)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the client."""
        self._process.terminate()
        self._process.wait(5)
        for reader in self._readers:
            reader.join(2)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [message for message in list(self.messages) if message["type"] == "event"]

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], seconds: float) -> dict[str, Any]:
        """The first message that fits, old ones included. Raises Silence."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for message in list(self.messages):
                if wanted(message):
                    return message
            time.sleep(0.02)
        raise Silence(f"not within {seconds} s; came: {self.messages[-20:]} {self.complaint}")

    def subscribed(self) -> dict[str, Any]:
        return self.wait_for(lambda message: message["type"] == "subscribed", 20.0)

    def ended(self, seconds: float) -> str:
        """What the client says when the server has closed. Raises Silence."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise Silence(f"still connected after {seconds} s") from error
        self._readers[1].join(2.0)
        return self.complaint

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.messages.append(json.loads(line) | {"arrived": time.time()})

    def _read_complaint(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.complaint += line.decode(errors="replace")
