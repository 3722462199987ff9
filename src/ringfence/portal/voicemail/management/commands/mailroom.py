"""`manage mailroom`: takes messages and recordings in, opens mailboxes for the voice process, until it is stopped."""

import json
import logging
import signal
import socketserver
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from ringfence.portal import places
from ringfence.portal.recordings import changes as recordings
from ringfence.portal.recordings.intake import forget_lost
from ringfence.portal.recordings.sweep import delete_orphans
from ringfence.portal.steps import Steps
from ringfence.portal.voicemail import changes, intake, waiting
from ringfence.portal.voicemail.mailroom import Mailroom

log = logging.getLogger(__name__)

PAUSE = 0.3
REMIND_EVERY = 300.0
CLEAN_EVERY = 3600.0
LONGEST_QUESTION = 4 * 1024 * 1024


class _Door(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, room: Mailroom) -> None:
        path.unlink(missing_ok=True)
        self.room = room
        super().__init__(str(path), _Visit)
        path.chmod(0o660)


class _Visit(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        assert isinstance(self.server, _Door)
        close_old_connections()
        try:
            question = json.loads(self.rfile.readline(LONGEST_QUESTION))
            self.wfile.write(json.dumps(self.server.room.answer(question)).encode() + b"\n")
        except (OSError, ValueError) as error:
            log.warning("a question could not be answered: %s", error)
        finally:
            close_old_connections()


class Command(BaseCommand):
    help = "Serves the voice process. Runs until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _stop)
        with _Door(places.PATHS.mailroom_socket, Mailroom()) as door:
            threading.Thread(target=door.serve_forever, daemon=True).start()
            self._take_in()

    def _take_in(self) -> None:
        steps, due = Steps(), dict[str, float]()
        while True:
            steps.take("spool", intake.take_in)
            for name, every, work in _RARE:
                if time.monotonic() >= due.get(name, 0.0):
                    due[name] = time.monotonic() + every
                    steps.take(name, work)
            time.sleep(PAUSE)


_RARE: tuple[tuple[str, float, Callable[[], int]], ...] = (
    ("message lights", REMIND_EVERY, waiting.remind),
    ("old messages", CLEAN_EVERY, changes.delete_old),
    ("old recordings", CLEAN_EVERY, recordings.delete_old),
    ("lost recordings", CLEAN_EVERY, forget_lost),
    ("audio of nobody", CLEAN_EVERY, delete_orphans),
)


def _stop(number: int, frame: Any) -> None:
    raise SystemExit(0)
