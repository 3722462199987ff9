"""Scripted phones with keys of the test's own choice, and what extensions require."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.softphone import Dialog, Softphone, dialog_of_callee


class Srtp(Softphone):
    """A scripted phone whose offers and answers hold these keys; without any they are plain."""

    lines = ""
    profile = "RTP/SAVP"

    def sdp(self) -> bytes:
        plain = sip.sdp(self.address, 40_000)
        return plain.replace(b"RTP/AVP", self.profile.encode()) + self.lines.encode() if self.lines else plain

    def offer(self) -> tuple[sip.Headers, bytes]:
        return [("Content-Type", "application/sdp")], self.sdp()

    def answer_call(self, invite: sip.Message, extra: sip.Headers | None = None) -> Dialog:
        tag = sip.new_token()
        self.respond(invite, 200, "OK", tag, extra, self.sdp())
        return dialog_of_callee(invite, tag)


@pytest.fixture
def srtp_phone(pbx: Any, stranger: Any) -> Iterator[Any]:
    made: list[Srtp] = []

    def make(number: str, lines: str, profile: str = Srtp.profile) -> Srtp:
        one = Srtp(stranger(), (PBX_ADDRESS, 5060), pbx.account(number))
        one.lines, one.profile = lines, profile
        made.append(one)
        assert one.register().status == 200
        return one

    yield make
    for one in made:
        one.register(expires=0)
        one.sock.close()


@pytest.fixture
def require(pbx: Any) -> Iterator[Any]:
    """Sets what an extension requires, and takes it back."""
    touched = []

    def set_one(number: str, encryption: str) -> None:
        pbx.account(number)
        touched.append(pbx.users[number]["id"])
        pbx.rest.call("PUT", f"users/{touched[-1]}/media", {"encryption": encryption})
        time.sleep(0.3)

    yield set_one
    for user in touched:
        pbx.rest.call("PUT", f"users/{user}/media", {"encryption": None})
    pbx.rest.patch(f"tenants/{pbx.tenant['id']}/media", aes_256_only=False)
    time.sleep(0.3)
