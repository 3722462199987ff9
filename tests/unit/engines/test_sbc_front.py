"""Certificates of domains and of phones through the SBC (issue 6, docs/adr/0064): what it may read, whom it asks."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.engines.certificates import sipcertificates
from ringfence.engines.certificates.sipcertificates import SipCertificates
from ringfence.engines.certificates.sippairs import read_authorities, read_pairs
from ringfence.engines.changing.questions import Refusal
from ringfence.engines.edge import sbcclients, sbcfront
from ringfence.engines.edge.sbcclients import SbcClients
from ringfence.engines.edge.sbcfront import Front, asked_of_clients, front_in_force, put_front
from ringfence.engines.files import sbc_tls_file
from ringfence.hosts import accounts
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import Sbc, write_sbc
from ringfence.hosts.transports import ClientCertificates
from tests.unit.engines.authority import Issued, authority, server
from tests.unit.engines.systems import a_system

DOMAIN = "acme.example"


class Engine:
    def __init__(self) -> None:
        self.takes = True
        self.begun_anew = 0

    def reload(self, *_: object) -> bool:
        return self.takes

    def begin_anew(self, *_: object) -> None:
        self.begun_anew += 1


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    found = Engine()
    monkeypatch.setattr(sbcclients, "begin_sbc_anew", found.begin_anew)
    return found


@pytest.fixture
def desk(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> SipCertificates:
    monkeypatch.setattr(sipcertificates, "around_now", lambda: a_system().network)
    paths = Paths(state=tmp_path / "state", run=tmp_path / "run")
    for folder in (paths.transports.parent, paths.core, paths.sbc_front, paths.sbc_tls_config.parent):
        folder.mkdir(parents=True)
    return SipCertificates(replace(a_system(), paths=paths, sbc=Sbc(enabled=True)), engine.reload)


def asking(desk: SipCertificates) -> SbcClients:
    return SbcClients(desk.system, desk.reload)


def put(desk: SipCertificates) -> Issued:
    made = server(authority()[1], names=[DOMAIN])
    desk.put({"domain": DOMAIN, "chain": made.pem, "key": made.key_pem})
    return made


def sections(desk: SipCertificates) -> list[str]:
    return desk.system.paths.sbc_tls_config.read_text().split("[client:")[0].split("[server:")[1:]


def test_the_sbc_shows_a_copy_that_its_group_alone_reads(desk: SipCertificates) -> None:
    """The core's folder stays closed; nothing here is for everybody but what is no secret."""
    made = put(desk)
    (pair,) = read_pairs(desk.system.paths.sbc_front)
    assert pair.certificate.read_text() == made.pem
    modes = {stat.S_IMODE(path.stat().st_mode) for path in desk.system.paths.sbc_front.rglob("*")}
    assert modes == {0o640, 0o750}
    (own,) = read_pairs(desk.system.paths.sip_certificates)
    assert stat.S_IMODE(own.key.stat().st_mode) == 0o600
    assert [DOMAIN in one for one in sections(desk) if one.startswith("192.0.2.10:5065")] == [True, False]
    desk.drop({"domain": DOMAIN})
    assert read_pairs(desk.system.paths.sbc_front) == () and not pair.key.exists()


def test_what_is_not_taken_is_not_shown_by_the_sbc_either(desk: SipCertificates, engine: Engine) -> None:
    first, engine.takes = put(desk), False
    with pytest.raises(Refusal, match="did not take it"):
        put(desk)
    (pair,) = read_pairs(desk.system.paths.sbc_front)
    assert pair.certificate.read_text() == first.pem and str(pair.key) in "".join(sections(desk))


@pytest.mark.parametrize("clients", ["optional", "required"])
def test_nobody_can_choose_not_to_be_asked(desk: SipCertificates, engine: Engine, clients: str) -> None:
    """Under every name, an unknown one and none: each section of clients asks; the link has its own."""
    root, _ = authority()
    put(desk)
    desk.trust({"authorities": root.pem, "revoked": ""})
    asking(desk).ask({"clients": clients})
    known = read_authorities(desk.system.paths.sbc_front)
    assert known is not None and engine.begun_anew == 1
    outside = [one for one in sections(desk) if not one.startswith("127.0.0.1:5069")]
    assert len(outside) == 3
    for one in outside:
        assert f"require_certificate = {'yes' if clients == 'required' else 'no'}" in one
        assert "verify_certificate = yes" in one and f"ca_list = {known.certificates}" in one
    asking(desk).ask({"clients": clients})
    assert engine.begun_anew == 1


def test_it_is_refused_without_an_authority_without_an_sbc_and_for_what_is_no_choice(desk: SipCertificates) -> None:
    for args, rule in (({"clients": "required"}, "sbc.no_authority"), ({"clients": "maybe"}, "sbc.clients")):
        with pytest.raises(Refusal) as refused:
            asking(desk).ask(args)
        assert refused.value.rule == rule
    without = SbcClients(replace(desk.system, sbc=Sbc()), desk.reload)
    with pytest.raises(Refusal) as refused:
        without.ask({"clients": "none"})
    assert refused.value.rule == "sbc.none"


def test_an_sbc_that_does_not_take_it_asks_as_before(desk: SipCertificates, engine: Engine) -> None:
    desk.trust({"authorities": authority()[0].pem, "revoked": ""})
    engine.takes = False
    with pytest.raises(Refusal, match="nothing was changed"):
        asking(desk).ask({"clients": "required"})
    paths = desk.system.paths
    assert asked_of_clients(paths.sbc_clients) is ClientCertificates.NONE
    assert front_in_force(paths).clients is ClientCertificates.NONE and engine.begun_anew == 0


def test_where_nobody_is_known_to_sign_no_certificate_is_valid(desk: SipCertificates) -> None:
    put_front(desk.system.paths, Front(clients=ClientCertificates.REQUIRED))
    text = sbc_tls_file(desk.system, account="").text
    assert f"ca_list = {desk.system.paths.web_certificate}" in text and "require_certificate = yes" in text


def test_elsewhere_another_account_looks_after_the_folder(tmp_path: Path) -> None:
    paths = Paths(state=tmp_path / "state", run=tmp_path / "run")
    assert sbcfront.owner(paths) == accounts.SIP.name
    write_sbc(paths.sbc_switch, Sbc(enabled=True, core="192.0.2.1", here="198.51.100.2"))
    assert sbcfront.owner(paths) == accounts.WEB.name


@pytest.mark.parametrize(
    "wrong",
    [
        {"pairs": {"../x": ["a", "b"]}},
        {"pairs": {"a.example": ["a"]}},
        {"pairs": []},
        {"clients": "maybe"},
        {"authorities": None, "pairs": None},
    ],
)
def test_what_is_no_front_is_refused(wrong: dict[str, object]) -> None:
    good = Front({DOMAIN: ("chain", "key")}, "authority", "list", ClientCertificates.OPTIONAL)
    assert Front.from_plain(good.plain()) == good
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        Front.from_plain({**good.plain(), **wrong})


def test_where_there_is_no_sbc_any_more_no_key_is_kept_for_it(desk: SipCertificates) -> None:
    put(desk)
    sbcfront.drop_front(desk.system.paths)
    assert not list(desk.system.paths.sbc_front.iterdir())
    assert read_pairs(desk.system.paths.sip_certificates)
