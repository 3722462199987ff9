"""The files of every vendor, with a hostile display name (attack case 103), compared with files that were reviewed.

After an intended change: RINGFENCE_GOLDEN=write pytest tests/unit/portal/test_phone_files.py, and read the difference.
"""

import os
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import available_timezones

import pytest

from ringfence.portal.provisioning.escaping import cfg, tame, word, xml
from ringfence.portal.provisioning.render import Account, Key, Login, Sheet, text_of
from ringfence.portal.provisioning.vendors import PROFILES, Codec, File, KeyKind, Srtp, Transport, Vendor
from ringfence.portal.provisioning.zone import UTC, parsed, zone_named

GOLDEN = Path(__file__).parent / "phone_files"
HOSTILE = "\"><script>alert(1)</script> Jörg\r\naccount.1.password = x\x00 ${password} $(x) ]]> <!-- ; # '日本"
SECRET = "s3cret&<\">'#;=%NULL%"
ACCOUNT = Account("101", HOSTILE, "acme.example", SECRET, "192.0.2.10", 5061, Transport.TLS)
SHEET = Sheet(
    account=ACCOUNT,
    mac="001565aabbcc",
    directory="https://192.0.2.10:8887/provisioning/0123/",
    admin_password="Admin<&>7",
    srtp=Srtp.REQUIRED,
    codecs=(Codec.OPUS, Codec.PCMA),
    keys=(Key(KeyKind.BLF, "102", HOSTILE), Key(KeyKind.SPEED_DIAL, "+4930123", "Taxi")),
    voice_vlan=42,
    time_server="time.example",
    zone=parsed("CET-1CEST,M3.5.0,M10.5.0/3"),
    firmware="https://firmware.example/phone.rom",
    login=Login("001565aabbcc", "l0gin&"),
)
FILES = [pytest.param(vendor, file, id=file.template) for vendor, one in PROFILES.items() for file in one.files]
XML_FILES = [case for case in FILES if ".xml." in str(case.id)]


def made(file: File, sheet: Sheet = SHEET) -> str:
    return text_of(file.template, sheet)


def values(text: str) -> list[str]:
    """Every text and attribute of an XML file, as a strict parser reads them."""
    root = ElementTree.fromstring(text.encode())  # noqa: S314 our own file
    return [value for node in root.iter() for value in [node.text or "", *node.attrib.values()]]


@pytest.mark.parametrize(("vendor", "file"), FILES)
def test_the_file_is_the_one_that_was_reviewed(vendor: Vendor, file: File) -> None:
    golden = GOLDEN / file.template.removesuffix(".j2")
    if os.environ.get("RINGFENCE_GOLDEN") == "write":
        golden.write_text(made(file), encoding="utf-8")
    assert made(file) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize(("vendor", "file"), XML_FILES)
def test_xml_files_are_well_formed_and_say_the_secret_unharmed(vendor: Vendor, file: File) -> None:
    """V103: no name becomes syntax; what the phone needs survives every escape."""
    told = values(made(file))
    assert "script" not in {node.tag for node in ElementTree.fromstring(made(file).encode()).iter()}  # noqa: S314
    if file.template.startswith("poly-master"):
        return
    assert SECRET in told
    name = word(HOSTILE) if vendor is Vendor.GENERIC else tame(HOSTILE)
    assert any(name in one for one in told)
    assert not any("${" in one or "$(" in one for one in told)


def test_lines_of_a_yealink_file_stay_one_setting_each() -> None:
    """V103: a newline in a name begins no setting, and no key is said twice."""
    lines = made(PROFILES[Vendor.YEALINK].files[0]).splitlines()
    assert lines[0] == "#!version:1.0.0.1"
    pairs = [line.partition(" = ") for line in lines[1:]]
    keys = [key for key, _, _ in pairs]
    assert len(keys) == len(set(keys))
    assert {key: value for key, _, value in pairs}["account.1.password"] == SECRET
    assert not any(" " in key for key in keys)


@pytest.mark.parametrize(("vendor", "file"), FILES)
def test_settings_reach_the_file(vendor: Vendor, file: File) -> None:
    """Each choice changes what the phone is told: absence of VLAN, login and keys, other transport and encryption."""
    if file.template.startswith("poly-master"):
        return
    plain = replace(
        SHEET,
        account=replace(ACCOUNT, transport=Transport.UDP, port=5060),
        srtp=Srtp.OFF,
        keys=(),
        voice_vlan=None,
        login=None,
        firmware="",
        web_page=True,
        zone=UTC,
        codecs=(Codec.PCMU,),
    )
    before, after = made(file), made(file, plain)
    assert "5061" in before and "5060" in after and "5061" not in after
    assert "l0gin" not in after
    assert "4930123" not in after
    if vendor is not Vendor.GENERIC:
        assert any(f"{sign}42" in before for sign in (">", "= ", '"'))
        assert len(after) < len(before)


@pytest.mark.parametrize(("vendor", "file"), FILES)
def test_a_server_of_ipv6_is_told_apart_from_its_port(vendor: Vendor, file: File) -> None:
    """Issue 6.7 with IPv6: where both stand in one word the address is in brackets (RFC 3986 section 3.2.2)."""
    text = made(file, replace(SHEET, account=replace(ACCOUNT, server="2001:db8::10")))
    assert "2001:db8::10:5061" not in text
    in_one_word = vendor in (Vendor.GRANDSTREAM, Vendor.SNOM, Vendor.CISCO, Vendor.GENERIC)
    assert ("[2001:db8::10]:5061" in text) is in_one_word


@pytest.mark.parametrize("vendor", Vendor)
def test_firmware_is_named_in_one_file_of_each_desk_phone(vendor: Vendor) -> None:
    together = "".join(made(one) for one in PROFILES[vendor].files)
    assert together.count("firmware.example/phone.rom") == (0 if vendor is Vendor.GENERIC else 1)


def test_the_same_file_has_the_names_its_phones_use() -> None:
    mac = "001565aabbcc"
    for vendor, asked in (
        (Vendor.YEALINK, "001565AABBCC.cfg"),
        (Vendor.GRANDSTREAM, "cfg001565aabbcc.xml"),
        (Vendor.POLY, "001565aabbcc-ringfence.cfg"),
        (Vendor.SNOM, "snomD735-001565AABBCC.htm"),
        (Vendor.FANVIL, "001565aabbcc.cfg"),
        (Vendor.CISCO, "spa001565aabbcc.xml"),
        (Vendor.GENERIC, "linphone.xml"),
    ):
        assert PROFILES[vendor].file(asked, mac) is not None, asked
    for asked in ("001565aabbcd.cfg", "../001565aabbcc.cfg", "001565aabbccxcfg", ".cfg", ""):
        assert PROFILES[Vendor.YEALINK].file(asked, mac) is None


def test_zones_are_told_with_their_summer_time() -> None:
    berlin, kolkata, sydney = (zone_named(name) for name in ("Europe/Berlin", "Asia/Kolkata", "Australia/Sydney"))
    assert (berlin.offset, berlin.saving) == (3600, 3600)
    assert berlin.start is not None and (berlin.start.month, berlin.start.week, berlin.start.hour) == (3, 5, 2)
    assert (kolkata.hours, kolkata.clock, kolkata.start) == ("+5:30", "+05:30", None)
    assert sydney.end is not None and (sydney.end.month, sydney.end.signed_week) == (4, 1)
    assert zone_named("Nowhere/At_All") == UTC


def test_where_winter_is_the_exception_phones_are_told_of_a_summer() -> None:
    """Ireland's zone takes an hour away in winter; Poly and Grandstream phones only know hours that are added."""
    dublin = zone_named("Europe/Dublin")
    assert (dublin.offset, dublin.saving) == (0, 3600)
    assert dublin.start and dublin.end
    assert [(turn.month, turn.week, turn.hour) for turn in (dublin.start, dublin.end)] == [(3, 5, 1), (10, 5, 2)]
    assert dublin == parsed(dublin.posix)


@pytest.mark.parametrize("name", sorted(available_timezones()))
def test_every_zone_is_told_in_hours_that_phones_know(name: str) -> None:
    """Chile changes its clocks at 24:00, Greenland at -1:00."""
    zone = zone_named(name)
    assert zone.saving >= 0
    assert all(0 <= turn.hour < 24 for turn in (zone.start, zone.end) if turn)


@pytest.mark.parametrize("sign", ["\r", "\n", "\x0b", "\x85", "\u2028", "\u2029", "\x00", "\u202e", "\ufeff"])
def test_nothing_ends_a_line_or_hides_in_it(sign: str) -> None:
    assert cfg(f"a{sign}b") == "a b" == xml(f"a{sign}b")
