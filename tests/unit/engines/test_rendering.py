"""No value can break out of its place in an engine file."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from ringfence.engines.certificates.challenges import Challenge
from ringfence.engines.kamailio import render_core
from ringfence.engines.listeners import WebAccess, read_web_access, write_web_access
from ringfence.engines.nginx import render_web
from ringfence.engines.render import (
    Bare,
    ValueRefused,
    quote_kamailio,
    quote_nginx,
    quote_rtpengine,
    render,
)
from ringfence.engines.rtpengine import faults, render_media
from ringfence.engines.system import (
    CONNECTION_KIB,
    MOST_SHARED_MIB,
    Limits,
    MemoryRefused,
    System,
    sip_memory,
    sized,
)
from ringfence.hosts.paths import Paths
from ringfence.policy.offenders.challenges import ANSWER_TIME
from tests.unit.engines.systems import a_system

HOSTILE = [
    "a\nb",
    'a"b',
    "a'b",
    "a#b",
    "a;b",
    "a}b",
    "a{b",
    "a$b",
    "a\\b",
    "a\x00b",
    "a\rb",
    "a\tb",
    "a`b",
    "aéb",
    "#!define X",
]
RENDERERS = [render_core, render_media, render_web]


@pytest.mark.parametrize("quoting", [quote_kamailio, quote_nginx, quote_rtpengine])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_refused(quoting: Callable[[object], str], value: str) -> None:
    with pytest.raises(ValueRefused):
        quoting(value)
    with pytest.raises(ValueRefused):
        quoting(Bare(value))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_directory_is_refused_by_core_and_web(value: str) -> None:
    paths = Paths(
        state=Path("/var/lib") / value.replace("\x00", "\x01"), run=Path("/run") / value.replace("\x00", "\x01")
    )
    system = System(network=a_system().network, paths=paths)
    for renderer in (render_core, render_web):
        with pytest.raises(ValueRefused):
            renderer(system)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_hostile_version_is_refused(renderer: Callable[[System], str], value: str) -> None:
    with pytest.raises(ValueRefused):
        renderer(replace(a_system(), version=value))


@pytest.mark.parametrize("quoting", [quote_kamailio, quote_nginx, quote_rtpengine])
@pytest.mark.parametrize("value", [None, 1.5, b"bytes", ["list"]])
def test_a_value_of_an_unknown_kind_is_refused(quoting: Callable[[object], str], value: object) -> None:
    with pytest.raises(ValueRefused):
        quoting(value)


def test_a_space_needs_quotes() -> None:
    assert quote_nginx("a b") == '"a b"'
    with pytest.raises(ValueRefused):
        quote_rtpengine("a b")


def test_an_unknown_name_in_a_template_is_an_error() -> None:
    with pytest.raises(ValueRefused, match="Undefined"):
        render("rtpengine.conf.j2", quote_rtpengine, version=Bare("1"))


@pytest.mark.parametrize("renderer", RENDERERS)
def test_the_same_system_gives_the_same_text_with_a_header(renderer: Callable[[System], str]) -> None:
    text = renderer(a_system())
    assert text == renderer(a_system())
    assert "generated, edit in src/ringfence/engines/templates/" in "\n".join(text.splitlines()[:2])


@pytest.mark.parametrize(("firewall", "most"), [(True, 0), (False, 1024)])
def test_kamailio_counts_connections_by_address_only_where_the_kernel_cannot(*, firewall: bool, most: int) -> None:
    """Attack case 45, and ADR 57: its count searches all connections that stand for each one that comes."""
    assert f"\ntcp_accept_iplimit={most}\n" in render_core(replace(a_system(), firewall=firewall))


def test_the_core_listens_on_the_references_ports_of_primary_and_loopback() -> None:
    sockets = [line for line in render_core(a_system("2001:db8::5")).splitlines() if line.startswith("listen=")]
    listening = [line.partition(" name ")[0] for line in sockets]
    assert sockets == [f'{one} name "{one.removeprefix("listen=")}"' for one in listening], (
        "topology hiding needs names"
    )
    assert listening == [
        "listen=udp:[2001:db8::5]:5060",
        "listen=tcp:[2001:db8::5]:5063",
        "listen=tls:[2001:db8::5]:5061",
        "listen=tls:[2001:db8::5]:5065",
        "listen=udp:127.0.0.1:5060",
        "listen=tcp:127.0.0.1:5063",
        "listen=tls:127.0.0.1:5061",
        "listen=tls:127.0.0.1:5065",
        "listen=udp:127.0.0.1:5071",
    ]


def test_rtpengine_gets_the_references_range_and_a_plain_ipv6_address() -> None:
    text = render_media(a_system("2001:db8::5"))
    assert "interface = 2001:db8::5\n" in text
    assert "port-min = 45000\nport-max = 64999\n" in text
    assert not faults(text)


def test_the_relay_ends_no_call_because_the_clock_was_set() -> None:
    """Attack case 122: it counts from the clock on the wall, and the core ends the longest calls by its own count."""
    assert "\nfinal-timeout = 0\n" in render_media(a_system())
    assert 'modparam("dialog", "default_timeout", 14400)' in render_core(a_system())


@pytest.mark.parametrize(
    "text", ["", "no section", "[rtpengine]\n", "[rtpengine]\nport-min = a\nport-max = 2\n",
             "[rtpengine]\nport-min = 50000\nport-max = 40000\n",
             "[rtpengine]\nport-min = 1\nport-min = 2\nport-max = 3\n"],
)  # fmt: skip
def test_a_broken_rtpengine_file_is_noticed(text: str) -> None:
    assert faults(text)


def test_nginx_believes_no_client_about_its_address() -> None:
    text = render_web(a_system())
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    assert "proxy_add_x_forwarded_for" not in text
    assert "$request_uri" not in text
    assert "$args" not in text


def test_texts_of_nginx_say_their_character_set() -> None:
    """ASVS 4.1.1: styles and scripts that nginx serves itself, and its own short answers."""
    text = render_web(a_system())
    assert "charset utf-8;" in text
    assert "charset_types text/html text/css text/xml text/plain text/javascript" in text


def test_nginx_listens_on_ipv6_only_where_there_is_ipv6() -> None:
    assert "[::]" not in render_web(a_system())
    network = replace(a_system().network, own=(ip_address("::1"),))
    assert "listen [::]:8887 ssl;" in render_web(replace(a_system(), network=network))


def test_a_limit_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="sip_workers"):
        Limits(sip_workers=0)


def test_the_core_grows_with_the_machine_and_is_never_smaller_than_usual() -> None:
    """Issue 6: 10,000 phones on TLS; what they need stays clear of the reserve (ADR 53)."""
    assert sized(Limits(), sip_memory("", 512)) == Limits()
    large = sized(Limits(), sip_memory("", 24 * 1024))
    assert large.sip_tcp_connections > 10_000
    assert large.sip_tcp_connections * CONNECTION_KIB <= large.sip_shared_mib * 1024 - large.sip_reserved_kib
    assert sized(Limits(open_files=9_000), 1_536).sip_tcp_connections == 4_500
    assert sip_memory("", 1024 * 1024) == MOST_SHARED_MIB


@pytest.mark.parametrize("asked", ["255", "4097", "-1", "1e3", "\u0663\u0660\u0660", "much", "9" * 30])
def test_a_size_that_the_core_cannot_have_is_refused(asked: str) -> None:
    with pytest.raises(MemoryRefused, match="from 256 to 4096"):
        sip_memory(asked, 1_024)


def listening(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("listen ")]


def test_nothing_listens_beside_portal_and_events_unless_it_is_switched_on() -> None:
    """Reference, "Web Access Security": no redirect from 80 and 443, nothing on 8888."""
    assert listening(render_web(a_system())) == ["listen 8887 ssl;", "listen 10443 ssl;", "listen 8885 ssl;"]


@pytest.mark.parametrize(
    ("switch", "line"),
    [
        ("redirect_80", "listen 80;"),
        ("redirect_443", "listen 443 ssl;"),
        ("provisioning_http", "listen 8888;"),
        ("sbc_provisioning_http", "listen 8882;"),
    ],
)
def test_each_switch_opens_its_port_alone(switch: str, line: str) -> None:
    access = WebAccess(**{switch: True})  # type: ignore[arg-type]
    text = render_web(replace(a_system(), web=access))
    assert sorted(listening(text)) == sorted(["listen 8887 ssl;", "listen 10443 ssl;", "listen 8885 ssl;", line])
    assert "$request_uri" not in text


def test_port_80_answers_a_challenge_and_nothing_else_while_a_certificate_is_ordered() -> None:
    """RFC 8555 section 8.3. A redirect that is on stays; nothing is remembered for the next start."""
    challenge = Challenge("tok-en_1", "tok-en_1." + "a" * 43)
    alone = render_web(replace(a_system(), web=WebAccess(challenges=(challenge,))))
    assert 'location = "/.well-known/acme-challenge/tok-en_1" {' in alone
    assert f'return 200 "{challenge.answer}";' in alone
    assert "listen 80;" in listening(alone)
    assert "return 307" not in alone
    beside = render_web(replace(a_system(), web=WebAccess(True, provisioning_http=True, challenges=(challenge,))))
    assert (beside.count(challenge.path), beside.count("return 307 https://$host:8887/;")) == (2, 1)


def test_hsts_is_sent_only_when_browsers_trust_the_certificate() -> None:
    assert "Strict-Transport-Security" not in render_web(a_system())
    text = render_web(replace(a_system(), web=WebAccess(hsts=True, redirect_80=True, provisioning_http=True)))
    assert text.count("Strict-Transport-Security max-age=31536000 always;") == 4


@pytest.mark.parametrize("stored", ["", "[]", "{", '{"redirect_80": "yes", "redirect_443": 1, "unknown": true}'])
def test_unreadable_switches_leave_every_other_port_closed(tmp_path: Path, stored: str) -> None:
    paths = Paths(state=tmp_path)
    paths.web_access.parent.mkdir()
    paths.web_access.write_text(stored)
    assert read_web_access(paths) == WebAccess()
    write_web_access(paths.web_access, WebAccess(redirect_443=True, hsts=True))
    assert read_web_access(paths) == WebAccess(redirect_443=True, hsts=True)


def test_a_nonce_lives_as_long_as_the_guard_waits_for_its_answer() -> None:
    assert f'modparam("auth", "nonce_expire", {ANSWER_TIME})' in render_core(a_system("192.0.2.10"))
