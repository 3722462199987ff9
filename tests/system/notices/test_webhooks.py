"""Webhooks over HTTPS, as their receivers see them: who proves his name is told, and nobody leads the system elsewhere
(attack case 97; issue of the guard: notice by webhook).
"""

import hashlib
import hmac
import json
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ringfence.lab.attackers import guess
from ringfence.lab.authority import Authority, pem_of
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.rest import Refused
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone

pytestmark = pytest.mark.usefixtures("oracle")

RECEIVER: Final = 58
TRUSTED: Final = Path("/etc/ssl/certs/ca-certificates.crt")
TAKEN: Final = b"HTTP/1.1 204 No Content\r\n\r\n"
FAILED: Final = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
MOST_READ: Final = 8 << 20

type Answer = Callable[[BinaryIO], None]


def saying(answer: bytes) -> Answer:
    def say(stream: BinaryIO) -> None:
        stream.write(answer)
        stream.flush()

    return say


class Receiver:
    """Takes notices over TLS on one port and answers as it likes."""

    def __init__(self, host: Host, port: int, pair: Path, answer: Answer) -> None:
        self.url = f"https://{host.address}:{port}/hook"
        self.answer, self.heads, self.bodies = answer, list[bytes](), list[bytes]()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair)
        self._server = host.tcp(port)
        self._server.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def told_of(self, address: str) -> bool:
        return any(notice["event"].get("address") == address for notice in self.notices())

    def notices(self) -> list[Any]:
        return [notice for body in self.bodies for notice in json.loads(body)["notices"]]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._server.accept()
                with suppress(OSError), self._context.wrap_socket(link, server_side=True) as stream:
                    self._take(stream.makefile("rwb"))

    def _take(self, stream: Any) -> None:
        head = b"".join(iter(stream.readline, b"\r\n"))
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        self.bodies.append(stream.read(length))
        self.heads.append(head)
        self.answer(stream)


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    """One that this machine trusts, as `update-ca-certificates` makes it; for the processes of this test alone."""
    made = Authority.root("Receivers")
    if os.environ.get("RINGFENCE_ENTERED") != "1":
        pytest.skip("another bundle of authorities is shown in the platform's own mount namespace alone")
    bundle = Path("/tmp") / f"rf-authorities-{os.getpid()}.crt"
    bundle.write_text(TRUSTED.read_text() + made.pem)
    subprocess.run(["mount", "--bind", str(bundle), str(TRUSTED)], check=True)
    yield made
    subprocess.run(["umount", str(TRUSTED)], check=True)
    bundle.unlink()


@pytest.fixture(scope="module")
def receiver(lab: Any, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    host, folder, made = lab.host("receiver", RECEIVER), tmp_path_factory.mktemp("pairs"), list[Receiver]()

    def make(answer: Answer, name: str = "", signed_by: Authority = authority) -> Receiver:
        port = 8450 + len(made)
        key = ec.generate_private_key(ec.SECP256R1())
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        certificate = signed_by.issue(key.public_key(), [name or host.address], timedelta(days=2))
        pair = folder / f"{port}.pem"
        pair.write_text(pem_of(certificate) + key.private_bytes(*form).decode())
        made.append(Receiver(host, port, pair, answer))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def hook(pbx: Any) -> Iterator[Any]:
    made: list[int] = []

    def make(url: str) -> dict[str, Any]:
        settings = {"url": url, "private_network": True}
        row: dict[str, Any] = pbx.rest.post(
            "notice-destinations", name=f"Hook {url}", means="webhook", topics=["bans"], settings=settings
        )
        made.append(row["id"])
        return row

    yield make
    for one in made:
        pbx.rest.delete(f"notice-destinations/{one}")


@pytest.fixture
def banned(pbx: Any, stranger: Any) -> Iterator[Callable[[], str]]:
    pbx.set_security(failed_authentication_limit=5)
    pbx.account("905")

    def one() -> str:
        with Softphone(stranger(), (PBX_ADDRESS, 5060), Account("905", "acme.example", "wrong")) as evil:
            for _ in range(8):
                guess(evil)
            within(5, lambda: pbx.product.in_kernel_set(evil.address), "the attacker is dropped in the kernel")
            return str(evil.address)

    yield one
    pbx.set_security(failed_authentication_limit=50)


def refusal(pbx: Any, row: dict[str, Any]) -> str:
    with pytest.raises(Refused) as refused:
        pbx.rest.post(f"notice-destinations/{row['id']}/test")
    assert refused.value.status == 502
    return str(refused.value.problem["detail"])


def test_a_ban_reaches_a_receiver_of_an_own_authority_signed(
    pbx: Any, receiver: Any, hook: Any, banned: Callable[[], str]
) -> None:
    peer = receiver(saying(TAKEN))
    key = hook(peer.url)["key"]
    address = banned()
    within(15, lambda: peer.told_of(address), "the receiver was told")
    lines = dict(line.split(b": ", 1) for line in peer.heads[0].strip().split(b"\r\n")[1:])
    stamp, _, digest = lines[b"Ringfence-Signature"].decode().removeprefix("t=").partition(",v1=")
    signed = f"{stamp}.".encode() + peer.bodies[0]
    assert hmac.compare_digest(digest, hmac.new(key.encode(), signed, hashlib.sha256).hexdigest())
    assert abs(int(stamp) - time.time()) < 60


def test_a_wrong_name_and_a_strange_authority_are_told_nothing(pbx: Any, receiver: Any, hook: Any) -> None:
    for peer in (receiver(saying(TAKEN), name="10.77.0.99"), receiver(saying(TAKEN), signed_by=Authority.root("X"))):
        assert "certificate verify failed" in refusal(pbx, hook(peer.url))
        assert peer.bodies == []


def test_nobody_leads_a_notice_inside(pbx: Any, receiver: Any, hook: Any) -> None:
    """Attack case 97: by a redirection, or by the address itself."""
    inner = receiver(saying(TAKEN))
    outer = receiver(
        saying(b"HTTP/1.1 307 There\r\nLocation: " + inner.url.encode() + b"\r\nContent-Length: 0\r\n\r\n")
    )
    assert "not followed" in refusal(pbx, hook(outer.url))
    assert inner.bodies == []
    for place in ("127.0.0.1:8887", "[::1]:8887", "[::ffff:127.0.0.1]:8887", "169.254.169.254", "[64:ff9b::a9fe:a9fe]"):
        assert "not spoken to" in refusal(pbx, hook(f"https://{place}/")), place


def test_an_endless_answer_is_not_read(pbx: Any, receiver: Any, hook: Any) -> None:
    sent = [0]

    def endless(stream: BinaryIO) -> None:
        stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        for _ in range(10_000):
            stream.write(b"x" * 100_000)
            sent[0] += 100_000

    row = hook(receiver(endless).url)
    pbx.rest.post(f"notice-destinations/{row['id']}/test")
    time.sleep(0.5)
    assert sent[0] < MOST_READ


def test_what_a_receiver_failed_to_take_comes_again_once(
    pbx: Any, receiver: Any, hook: Any, banned: Callable[[], str]
) -> None:
    """With 500 nothing is lost; afterwards each notice was taken once, in its order."""
    peer = receiver(saying(FAILED))
    row = hook(peer.url)
    first, second = banned(), banned()
    within(15, lambda: peer.told_of(second), "it was tried")
    peer.answer, peer.bodies[:] = saying(TAKEN), []
    within(45, lambda: peer.told_of(second), "it is tried again")
    within(5, lambda: pbx.rest.get(f"notice-destinations/{row['id']}")["waiting"] == 0, "nothing waits any more")
    told = [notice["event"].get("address") for notice in peer.notices()]
    assert [one for one in told if one in (first, second)] == [first, second]
