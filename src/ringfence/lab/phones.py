"""Real phones: baresip, which plays a tone and records what it hears, and sipp, which plays scripted scenarios."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final, Self

from ringfence.lab import tone
from ringfence.lab.network import PBX_ADDRESS, Host, inside
from ringfence.lab.sip import Account
from ringfence.lab.softphone import NoAnswer, Transport
from ringfence.lab.webdoor import WebDoor

SCENARIOS: Final = Path(__file__).parent / "scenarios"
PORTS: Final = {Transport.UDP: 5060, Transport.TCP: 5063, Transport.TLS: 5061, Transport.WSS: 5065}
"""The product's SIP ports (reference: "Ports Security")."""
CONTROL_PORT: Final = 4444
TONE_SECONDS: Final = 60.0
_MEDIA_FROM: Final = re.compile(r"incoming rtp for 'audio' established, receiving from (\S+)")
_REGISTERED: Final = "\x1b[32mOK"

_CONFIG: Final = """\
poll_method epoll
sip_listen {address}:5060
sip_trans_def udp
audio_source aufile,{home}/tone.wav
audio_player aufile,{home}/speaker.wav
audio_alert aufile,{home}/alert.wav
audio_path {home}
audio_level no
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports 10000-10200
rtp_timeout 0
net_interface eth0
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module sndfile.so
{modules}module_app account.so
module_app menu.so
module_app ctrl_tcp.so
snd_path {home}/heard
ctrl_tcp_listen 127.0.0.1:{control}
ring_aufile none
ringback_aufile none
callwaiting_aufile none
busy_aufile none
error_aufile none
notfound_aufile none
"""

_ACCOUNT: Final = (
    '"{user}" <sip:{user}@{domain};transport={transport}>;auth_user={user};auth_pass="{secret}"'
    ';outbound="sip:{server}:{port};transport={transport}";regint=120;answermode=auto;audio_codecs={codecs};ptime=20{media}\n'
)


class Keys(StrEnum):
    """How a baresip encrypts its media: not, with keys in the offer if they are taken, only with them, or DTLS-SRTP."""

    NONE = ""
    OFFERED = "srtp"
    REQUIRED = "srtp-mand"
    DTLS = "dtls_srtp"


class Baresip:
    """A softphone process on a lab host. It answers by itself, plays `frequency` and records the other side."""

    ports: ClassVar[Mapping[Transport, int]] = PORTS

    def __init__(
        self,
        host: Host,
        home: Path,
        account: Account,
        transport: Transport = Transport.UDP,
        frequency: int = 400,
        keys: Keys = Keys.NONE,
        codecs: str = "PCMA",
    ) -> None:
        self.host, self.account, self.home, self.keys, self.codecs = host, account, home, keys, codecs
        self._door = self._web_door() if transport is Transport.WSS else None
        self.frequency = frequency
        self.events: list[dict[str, Any]] = []
        self._stream = b""
        self._write_files(transport, frequency)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> Self:
        if self._door is not None:
            self._door.__enter__()
        with (self.home / "baresip.log").open("wb") as log:
            self._process = self.host.start(
                ["baresip", "-f", str(self.home)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._control = self._connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def recording(self) -> Path:
        """The WAV file of what the phone heard in its latest call."""
        found = sorted((self.home / "heard").glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime)
        if not found:
            raise NoAnswer(f"{self.host.name} has recorded nothing; see {self.home}/baresip.log")
        return found[-1]

    @property
    def media_peer(self) -> str:
        """Where the latest call's audio came from, as address:port; readable once the phone has ended."""
        found = _MEDIA_FROM.findall((self.home / "baresip.log").read_text(errors="replace"))
        return str(found[-1]) if found else ""

    def wait_registered(self, timeout: float = 5.0) -> None:
        """Wait until the server has accepted the registration. Raises NoAnswer when it is refused."""
        deadline = time.monotonic() + timeout
        while True:
            self.command("reginfo")
            state = str(self.wait_for("reply.reginfo", timeout=timeout)["param"])
            if _REGISTERED in state:
                return
            if "ERR" in state or time.monotonic() > deadline:
                raise NoAnswer(f"{self.account.user} could not register; see {self.home}/baresip.log")
            time.sleep(0.05)

    def dial(self, user: str) -> None:
        self.command("dial", f"sip:{user}@{self.account.domain}")

    def hang_up(self) -> None:
        self.command("hangup")

    def wait_for(self, *kinds: str, timeout: float = 5.0) -> dict[str, Any]:
        """The next event of one of these kinds, for instance CALL_ESTABLISHED or CALL_CLOSED. Raises NoAnswer."""
        deadline = time.monotonic() + timeout
        while True:
            for index, event in enumerate(self.events):
                if event.get("type") in kinds:
                    del self.events[: index + 1]
                    return event
            if time.monotonic() >= deadline:
                came = [(event.get("type"), event.get("param")) for event in self.events[-8:]]
                raise NoAnswer(f"{self.account.user}: none of {kinds} within {timeout} s, but {came}")
            self._read(max(deadline - time.monotonic(), 0.01))

    def forget_events(self) -> None:
        """Drop the events of earlier calls, those not read yet included."""
        with suppress(NoAnswer):
            self.wait_for("nothing", timeout=0.05)
        self.events.clear()

    def forget_recordings(self) -> None:
        for path in (self.home / "heard").glob("*.wav"):
            path.unlink()

    def command(self, name: str, parameters: str = "") -> None:
        if self._control is None:
            raise NoAnswer(f"{self.account.user} is not running")
        text = json.dumps({"command": name, "params": parameters, "token": name}).encode()
        self._control.sendall(b"%d:%s," % (len(text), text))

    def close(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            end(self._process)
            self._process = None
        if self._door is not None:
            self._door.__exit__()
            self._door = None

    def _web_door(self) -> WebDoor:
        return WebDoor(self.host)

    def _write_files(self, transport: Transport, frequency: int) -> None:
        (self.home / "heard").mkdir(parents=True, exist_ok=True)
        tone.write_tone(self.home / "tone.wav", frequency, TONE_SECONDS)
        (self.home / "config").write_text(
            _CONFIG.format(address=self.host.address, home=self.home, control=CONTROL_PORT, modules=self._modules())
        )
        account = _ACCOUNT.format(
            user=self.account.user,
            domain=self.account.domain,
            secret=self.account.secret,
            transport="ws" if self._door else transport.lower(),
            server=PBX_ADDRESS,
            port=self.ports[transport],
            codecs=self.codecs,
            media=(f";mediaenc={self.keys}" if self.keys else "")
            + (";medianat=ice;rtcp_mux=yes" if self._door else ""),
        )
        (self.home / "accounts").write_text(account)
        (self.home / "contacts").write_text("")

    def _modules(self) -> str:
        wanted = ["ice"] if self._door else []
        if self.keys:
            wanted.append("dtls_srtp" if self.keys is Keys.DTLS else "srtp")
        wanted += [name for name in ("opus", "g722") if name in self.codecs.lower()]
        return "".join(f"module {name}.so\n" for name in wanted)

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + 5.0
        while True:
            try:
                return inside(
                    self.host.namespace, lambda: socket.create_connection(("127.0.0.1", CONTROL_PORT), timeout=1.0)
                )
            except OSError as error:
                if time.monotonic() > deadline:
                    raise NoAnswer(f"baresip does not start; see {self.home}/baresip.log") from error
                time.sleep(0.05)

    def _read(self, timeout: float) -> None:
        if self._control is None:
            raise NoAnswer(f"{self.account.user} is not running")
        self._control.settimeout(timeout)
        with suppress(TimeoutError):
            data = self._control.recv(65_536)
            if not data:
                raise NoAnswer(f"baresip of {self.account.user} ended; see {self.home}/baresip.log")
            self._stream += data
        while (size := re.match(rb"(\d+):", self._stream)) and len(self._stream) > size.end() + int(size[1]):
            end_at = size.end() + int(size[1])
            message = json.loads(self._stream[size.end() : end_at])
            self._stream = self._stream[end_at + 1 :]
            if message.get("event"):
                self.events.append(message)
            if message.get("response"):
                self.events.append({"type": f"reply.{message.get('token')}", "param": message.get("data", "")})


@dataclass(frozen=True, slots=True)
class Sipp:
    """sipp on a lab host, playing one of the scenarios in `scenarios/` for one account."""

    host: Host
    account: Account
    home: Path
    transport: Transport = Transport.UDP
    port: int = 5070

    def register(self, timeout: float = 8.0) -> None:
        """Register once. Raises NoAnswer with sipp's own account of what went wrong."""
        self._complete(self.start("register", *self._digest_uri(), "-timeout", "6"), "register", timeout)

    def answer(self, seconds: int = 30) -> "subprocess.Popen[bytes]":
        """Register, then wait for one call and send every RTP packet back to its sender. Returns while it waits."""
        return self.start(
            "register_and_wait",
            *self._digest_uri(),
            "-oocsf",
            str(SCENARIOS / "callee.xml"),
            "-rtp_echo",
            "-timeout",
            str(seconds),
        )

    def call(self, callee: str, frequency: int = 500, seconds: float = 6.0) -> "subprocess.Popen[bytes]":
        """Call, play a tone for `seconds`, hang up. Returns while the call runs; see `finished`."""
        sound = self.home / f"{self.host.name}-{frequency}.alaw"
        self.home.mkdir(parents=True, exist_ok=True)
        tone.write_alaw(sound, frequency, seconds)
        scenario = (SCENARIOS / "caller.xml").read_text().replace("@SOUND@", str(sound))
        rendered = self.home / f"caller-{self.host.name}.xml"
        rendered.write_text(scenario)
        return self.start(
            str(rendered),
            *self._digest_uri(callee),
            "-s",
            callee,
            "-d",
            str(round(seconds * 1000)),
            "-timeout",
            str(round(seconds) + 10),
        )

    def finished(self, process: "subprocess.Popen[bytes]", timeout: float) -> None:
        """Wait for the end of a call begun with `call` or `answer`. Raises NoAnswer if it failed."""
        self._complete(process, "call", timeout)

    def start(self, scenario: str, *options: str) -> "subprocess.Popen[bytes]":
        self.home.mkdir(parents=True, exist_ok=True)
        path = Path(scenario) if scenario.endswith(".xml") else SCENARIOS / f"{scenario}.xml"
        argv = ["sipp", f"{PBX_ADDRESS}:{PORTS[self.transport]}", "-sf", str(path), "-m", "1", "-l", "1", "-nostdin"]
        argv += [
            "-i",
            self.host.address,
            "-mi",
            self.host.address,
            "-p",
            str(self.port),
            "-t",
            "u1" if self.transport is Transport.UDP else "t1",
        ]
        argv += ["-au", self.account.user, "-ap", self.account.secret, "-key", "user", self.account.user]
        argv += ["-key", "domain", self.account.domain, "-trace_err", "-error_file", str(self._errors)]
        self._errors.unlink(missing_ok=True)
        return self.host.start(
            [*argv, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def _digest_uri(self, user: str = "") -> list[str]:
        """The digest's uri must be the Request-URI (RFC 7616, 3.4.6); sipp would use the server's address."""
        return ["-auth_uri", f"{user}@{self.account.domain}" if user else self.account.domain]

    @property
    def _errors(self) -> Path:
        return self.home / f"sipp-{self.host.name}.errors"

    def _complete(self, process: "subprocess.Popen[bytes]", what: str, timeout: float) -> None:
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            end(process)
            raise NoAnswer(f"sipp {what} of {self.account.user} did not end within {timeout} s") from error
        if code != 0:
            detail = self._errors.read_text(errors="replace")[-1500:] if self._errors.exists() else ""
            raise NoAnswer(f"sipp {what} of {self.account.user} failed ({code}): {detail}")


def end(process: "subprocess.Popen[bytes]", patience: float = 3.0) -> None:
    """End a process that this lab started."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
