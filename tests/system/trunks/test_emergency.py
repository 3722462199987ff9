"""A call for help connects whatever else forbids it (reference: "Call Control and Fraud Prevention"; case 113)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.hanging import hang
from ringfence.lab.product import within
from ringfence.lab.softphone import NoAnswer, Softphone, end_call, establish
from tests.system.features.steps import branch_of, record
from tests.system.hearing import ear

pytestmark = pytest.mark.usefixtures("oracle")
HELP_WITHIN: Final = 15
"""Seconds from when the media relay began to hang."""


@pytest.fixture
def everything_forbidden(pbx: Any, registered: dict[str, Any]) -> Iterator[None]:
    """The role calls inside only, every code is disallowed, and there is no rule."""
    tenant = pbx.tenant["id"]
    codes = [pbx.rest.post("disallowed-codes", tenant_id=tenant, prefix=prefix)["id"] for prefix in ("1", "+1", "112")]
    yield
    for code in codes:
        pbx.rest.delete(f"disallowed-codes/{code}")


def test_a_suspended_extension_without_rights_reaches_the_emergency_service(
    pbx: Any, provider: Any, everything_forbidden: None, phone: Any
) -> None:
    """The number goes out as it was dialled, through the tenant's trunk, and other numbers stay refused."""
    provider.forget()
    one = phone("123")
    path = f"users/{pbx.users['123']['id']}"
    pbx.rest.patch(path, active=False)
    try:
        uri, headers = one.begin_call("%31%31%32")
        dialog = one.call_answered(uri, headers, timeout=15)
        assert [call.number for call in provider.calls()] == ["112"]
        assert one.ask_in_dialog(dialog, "BYE", timeout=10).status == 200
        content, body = one.offer()
        national = "sip:+498912345678@acme.example"
        refused = one.authenticated("INVITE", national, [*one.headers("INVITE", national), *content], body)
        assert refused.status == 403
        assert len(provider.calls()) == 1
        within(10, lambda: _recorded(pbx), "the call is in the records")
    finally:
        pbx.rest.patch(path, active=True)


def _recorded(pbx: Any) -> bool:
    return any(row["caller"].startswith("123@") and row["code"] == 200 for row in pbx.product.call_records())


@pytest.mark.parametrize("boundary", ["b1", '"b 1"'])
def test_whoever_tells_where_he_is_is_heard(
    provider: Any, registered: dict[str, Any], phone: Any, boundary: str
) -> None:
    """A phone that knows its place sends it beside its session description (RFC 6442); the call for help heard 415."""
    provider.forget()
    one = phone("123")
    _, sdp = one.offer()
    mark = boundary.strip('"').encode()
    place = b"Content-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n\r\n<presence/>"
    body = b"--%b\r\n%b\r\n--%b\r\nContent-Type: application/sdp\r\n\r\n%b\r\n--%b--\r\n" % (
        mark,
        place,
        mark,
        sdp,
        mark,
    )
    uri = "sip:112@acme.example"
    headers = [*one.headers("INVITE", uri), ("Content-Type", f"multipart/mixed; boundary={boundary}")]
    headers.append(("Geolocation", "<cid:a@b>"))
    challenged = one.ask("INVITE", uri, headers, body)
    one.send_ack(challenged, uri, headers)
    again = one.answered(challenged, "INVITE", uri, headers)
    one.send(sip.compose(f"INVITE {uri} SIP/2.0", again, body))
    dialog = one.call_answered(uri, again, timeout=15)
    (sent, *_) = [text for text in provider.messages() if text.startswith("INVITE")]
    assert "presence" not in sent
    assert "Geolocation" not in sent
    assert sent.count("Content-Type: application/sdp") == 1
    with ear(one) as own:
        assert any(own.speaks(sip.media_address(dialog.body)) and own.listen(0.1) for _ in range(30))
    assert one.ask_in_dialog(dialog, "BYE", timeout=10).status == 200


@pytest.mark.parametrize(("service", "number"), [("sos", "112"), ("SOS.police", "112")])
def test_a_phone_that_names_the_service_in_place_of_a_number_is_helped(
    pbx: Any, provider: Any, everything_forbidden: None, phone: Any, service: str, number: str
) -> None:
    """RFC 5031, RFC 6881: Request-URI and To say `urn:service:sos`. It heard 403; the domain is that of the caller."""
    provider.forget()
    one, urn = phone("123"), f"urn:service:{service}"
    content, body = one.offer()
    headers = [*one.headers("INVITE", urn), *content]
    challenged = one.ask("INVITE", urn, headers, body)
    assert challenged.status == 407
    one.send_ack(challenged, urn, headers)
    again = one.answered(challenged, "INVITE", urn, headers)
    one.send(sip.compose(f"INVITE {urn} SIP/2.0", again, body))
    dialog = one.call_answered(urn, again, timeout=15)
    assert [call.number for call in provider.calls()] == [number]
    assert one.ask_in_dialog(dialog, "BYE", timeout=10).status == 200


def test_no_other_service_is_one_for_help(provider: Any, registered: dict[str, Any], phone: Any) -> None:
    """RFC 5031: counselling is a service too, and nobody dies of it; no stranger calls for help either."""
    provider.forget()
    one = phone("123")
    for urn in ("urn:service:counseling", "urn:service:sosumi", "urn:nena:service:sos"):
        content, body = one.offer()
        answer = one.authenticated("INVITE", urn, [*one.headers("INVITE", urn), *content], body)
        assert 400 <= answer.status < 500, urn
    assert provider.requests("INVITE") == []


@pytest.mark.parametrize("target", ["112", "%31%31%32"])
def test_no_phone_sends_callers_on_to_the_emergency_services(
    pbx: Any, provider: Any, numbers: str, phone: Any, target: str, tmp_path: Path
) -> None:
    """RFC 6881: a 302 led a caller from outside there, in the name of the company. Nor does a colleague get there."""
    desk, colleague = phone("121"), phone("123")
    provider.forget()
    outside = provider.call_in(numbers, "+4989777", tmp_path / "sound.alaw")
    _, headers = colleague.begin_call("121")
    for _ in range(2):
        desk.respond(desk.request("INVITE", 10), 302, "Moved", "m", contact=f"<sip:{target}@acme.example>")
        desk.request("ACK")
    assert colleague.final(branch_of(headers)).status == 480
    assert outside.wait(20) != 0
    assert provider.calls() == []
    record(pbx, "123", "121", rule="forward.emergency", payer="121@acme.example")


@pytest.mark.restarts
def test_a_media_relay_that_hangs_keeps_nobody_from_calling_for_help(
    pbx: Any, provider: Any, registered: dict[str, Any], phone: Any
) -> None:
    """Issue 5, "emergency calls": it is there and answers nothing, which is worse than being killed. Help is
    reached with sound within seconds, and so is everybody else."""
    one, other = phone("920"), phone("921")
    relay = pbx.product.process_ids()["media"]
    hang(relay)
    _, took = within(HELP_WITHIN, lambda: _helped(one), "help is reached with sound")
    print(f"help was reached {took:.1f} s after the relay began to hang")
    assert pbx.product.process_ids()["media"] != relay
    assert end_call(one, other, establish(one, other)[0]).status == 200


def _helped(phone: Softphone) -> bool:
    """Whether a call for help is answered and its sound comes back from there."""
    uri, headers = phone.begin_call("112")
    try:
        dialog = phone.call_answered(uri, headers, timeout=15)
    except NoAnswer:
        return False
    with ear(phone) as own:
        heard = any(own.speaks(sip.media_address(dialog.body)) and own.listen(0.1) for _ in range(30))
    return heard and phone.ask_in_dialog(dialog, "BYE", timeout=10).status == 200
