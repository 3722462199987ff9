"""A provider for tests: a stock Kamailio as registrar and proxy on a lab host, behind it sipp as the telephone network.

It keeps what reached it: a call that the product should have refused shows up in `calls`.
"""

import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ringfence.lab import tone
from ringfence.lab.network import Host
from ringfence.lab.phones import SCENARIOS, end
from ringfence.lab.rest import Rest
from ringfence.lab.softphone import NoAnswer

CONFIG: Final = Path(__file__).parent / "provider.cfg"
SWITCH_PORT: Final = 5070
_CALL: Final = re.compile(r"CALL (\S*) from (\S*) pai (.*) via (\S+)")
_WIRE: Final = re.compile(r"WIRE (\S+) (\S+) (\S+)")
_RAW: Final = re.compile(r"RAW ([0-9a-fA-F]+)")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the provider accepted for routing: numbers, asserted identity, transport."""

    number: str
    caller: str
    asserted: str
    transport: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What the customer got from the provider. `pair` is a certificate and its key for TLS on port 5061; `algorithm` is
    the only one of its digests.
    """

    username: str = "customer"
    password: str = "Secret-of-the-trunk-1"
    realm: str = "provider.example"
    domain: str = "provider.example"
    challenge: bool = True
    pair: tuple[Path, Path] | None = None
    algorithm: str = ""


@dataclass(slots=True)
class Provider:
    """`with Provider(host, home) as provider:`; may be stopped and started again in between."""

    host: Host
    home: Path
    contract: Contract = field(default_factory=Contract)
    _server: "subprocess.Popen[bytes] | None" = None
    _switch: "subprocess.Popen[bytes] | None" = None

    def __enter__(self) -> Self:
        self.start()
        self.answer_calls()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._switch is not None:
            end(self._switch)

    def registration(self, name: str) -> dict[str, Any]:
        """The body of the trunk that registers here."""
        return {
            "name": name,
            "kind": "register",
            "username": self.contract.username,
            "password": self.contract.password,
            "domain": self.contract.domain,
            "hosts": [{"host": self.host.address, "port": 5060}],
            "default_number": "+493012300",
            "numbers": ["+4930123*"],
            "keepalive": 5,
            "country_code": "49",
        }

    # --- running ---

    def start(self) -> None:
        """Starts the server and waits until it answers on its control socket."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "ctl.sock").unlink(missing_ok=True)
        config = self.home / "provider.cfg"
        config.write_text(self._rendered())
        with self._log.open("ab") as log:
            self._server = self.host.start(
                ["kamailio", "-DD", "-E", "-m", "32", "-M", "8", "-Y", str(self.home), "-f", str(config)]
                + (["-A", "WITH_TLS"] if self.contract.pair else []),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 8
        while self._control("core.version").returncode != 0:
            if time.monotonic() > deadline or self._server.poll() is not None:
                raise NoAnswer(f"the provider does not start: {self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends the server: from now on nothing answers there."""
        if self._server is not None:
            end(self._server)
            self._server = None

    def answer_calls(self, scenario: str = "callee") -> None:
        """sipp answers every call that the server lets through, and sends its audio back."""
        if self._switch is not None:
            end(self._switch)
        path = Path(scenario) if scenario.endswith(".xml") else SCENARIOS / f"{scenario}.xml"
        options = [
            "-i",
            self.host.address,
            "-mi",
            self.host.address,
            "-p",
            str(SWITCH_PORT),
            "-rtp_echo",
            "-nostdin",
            "-key",
            "user",
            "switch",
        ]
        self._switch = self.host.start(
            ["sipp", "-sf", str(path), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def call_in(
        self, called: str, caller: str, sound: Path, target: tuple[str, int] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Somebody in the telephone network calls the customer and plays the sound for three seconds. Without a target
        the call goes through the server to where the customer registered.
        """
        host, port = target or (self.host.address, 5060)
        tone.write_alaw(sound, 500, 3.0)
        scenario = sound.with_suffix(".xml")
        scenario.write_text((SCENARIOS / "outside_caller.xml").read_text().replace("@SOUND@", str(sound)))
        address = self.host.address
        keys = {"user": caller, "domain": self.contract.domain, "called": called}
        options = [word for name, value in keys.items() for word in ("-key", name, value)]
        options += ["-i", address, "-mi", address, "-p", "5080", "-d", "3000", "-timeout", "15", "-nostdin"]
        return self.host.start(
            ["sipp", f"{host}:{port}", "-sf", str(scenario), "-m", "1", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    # --- faults ---

    def refuse(self, method: str, code: int | None) -> None:
        """Answers this method with a code, or leaves OPTIONS without an answer; None ends that."""
        if code is None:
            self._control("htable.delete", "fault", method)
        else:
            self._control("htable.sets", "fault", method, str(code))

    # --- what reached it ---

    def calls(self) -> list[Call]:
        """The calls that came as far as being routed."""
        return [Call(number, caller, asserted, way) for number, caller, asserted, way in _CALL.findall(self._text())]

    def requests(self, method: str) -> list[str]:
        """Where requests of this method came from, challenged ones and retransmissions included."""
        return [source for found, source, _ in _WIRE.findall(self._text()) if found == method]

    def messages(self) -> list[str]:
        """Every request from outside as it came over the wire."""
        return [bytes.fromhex(found).decode("utf-8", "replace") for found in _RAW.findall(self._text())]

    def forget(self) -> None:
        """Empties the log."""
        with self._log.open("r+b") as log:
            log.truncate(0)

    def _text(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def _log(self) -> Path:
        return self.home / "provider.log"

    def _control(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        return self.host.run("kamcmd", "-s", f"unix:{self.home}/ctl.sock", *argv, check=False)

    def _rendered(self) -> str:
        contract = self.contract
        values = {
            "ADDRESS": self.host.address,
            "HOME": str(self.home),
            "DOMAIN": contract.domain,
            "REALM": contract.realm,
            "USERNAME": contract.username,
            "PASSWORD": contract.password,
            "ALGORITHM": f'modparam("auth", "algorithm", "{contract.algorithm}")' if contract.algorithm else "",
            "CHALLENGE": "1" if contract.challenge else "0",
            "CERTIFICATE": str(contract.pair[0]) if contract.pair else "",
            "KEY": str(contract.pair[1]) if contract.pair else "",
        }
        text = CONFIG.read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        return text


def registration_of(rest: Rest, trunk_id: int) -> str:
    """How the registration of a trunk stands at the address that was tried last; "" for no answer yet."""
    peers = rest.get(f"trunks/{trunk_id}")["peers"]
    return next((str(peer["registration"]) for peer in peers if peer["registration"]), "")
