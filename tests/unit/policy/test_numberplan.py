"""Canonical numbers (reference: "Outbound Route Permissions", attack case 108), compared with libphonenumber itself."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ringfence.policy.calls.dialled import read_dialled
from ringfence.policy.outgoing.callplan import decode_world, encode_world
from ringfence.policy.outgoing.numberplan import Number, NumberClass, NumberPlan, canonical
from ringfence.policy.outgoing.numbers import Reach
from ringfence.portal.outbound.metadata import NETWORKS, countries, number_plan, world

ORDINARY = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.VOIP, PhoneNumberType.TOLL_FREE)
CHARGED = {
    PhoneNumberType.PREMIUM_RATE: NumberClass.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberClass.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: NumberClass.PERSONAL,
}


def meant(user: str, plan: NumberPlan) -> Number | None:
    return canonical(read_dialled(user), plan, world())


def examples(*types: int) -> list[tuple[str, phonenumbers.PhoneNumber]]:
    found = (
        (country, phonenumbers.example_number_for_type(country, kind)) for country in countries() for kind in types
    )
    return [(country, number) for country, number in found if number is not None]


def e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


@pytest.mark.parametrize("form", ["e164", "international", "national", "abroad"])
def test_every_country_s_numbers_are_what_libphonenumber_says(form: str) -> None:
    """Each example number of each country, written in four ways, has one canonical form."""
    wrong = []
    for country, number in examples(*ORDINARY):
        plan = number_plan(country if form != "abroad" else "FR" if country == "DE" else "DE")
        text = {
            "e164": e164(number),
            "international": phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
            "national": phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
            "abroad": "00" + e164(number)[1:],
        }[form]
        if "/" in text or "~" in text:
            continue
        found = meant(text, plan)
        if found is None or found.text != e164(number):
            wrong.append((country, text, e164(number), found))
    assert not wrong, (len(wrong), wrong[:20])


def test_countries_that_share_a_code_are_told_apart() -> None:
    """+1 is many countries, and so are +7, +44 and others: a country is allowed, not a code."""
    wrong = []
    for country, number in examples(*ORDINARY):
        found = meant(e164(number), number_plan("AQ" if "AQ" in countries() else "DE"))
        said = phonenumbers.region_code_for_number(number)
        if found is not None and found.country != said:
            wrong.append((country, e164(number), said, found.country))
    assert not wrong, (len(wrong), wrong[:20])


@pytest.mark.parametrize("extra", ["", "9", "99"])
def test_charged_numbers_are_known_also_with_digits_to_spare(extra: str) -> None:
    wrong = []
    for kind, wanted in CHARGED.items():
        for country, number in examples(kind):
            text = e164(number) + extra
            found = meant(text, number_plan("DE" if country != "DE" else "FR"))
            if found is None and len(text) > 16:
                continue
            if found is None or (found.kind is not wanted and found.text.startswith(e164(number))):
                wrong.append((country, text, wanted, found))
    assert not wrong, (len(wrong), wrong[:20])


def test_ordinary_numbers_are_not_taken_for_charged_ones() -> None:
    wrong = []
    for country, number in examples(*ORDINARY):
        found = meant(e164(number), number_plan("DE" if country != "DE" else "FR"))
        if found is not None and found.kind is not NumberClass.ORDINARY:
            wrong.append((country, e164(number), found.kind))
    assert not wrong, (len(wrong), wrong[:20])


def test_a_number_of_every_country_of_a_code_is_national_for_each() -> None:
    assert meant("18002123456", number_plan("CA")) == Number("+18002123456", "CA", Reach.NATIONAL)
    assert meant("19002123456", number_plan("CA")) == Number("+19002123456", "CA", Reach.NATIONAL, NumberClass.PREMIUM)


@pytest.mark.parametrize("code", NETWORKS)
def test_codes_of_no_country_are_never_ordinary(code: int) -> None:
    found = meant(f"+{code}12345678", number_plan("DE"))
    assert found is not None
    assert found.kind is NETWORKS[code]
    assert found.country == ""


ONE_NUMBER = "+4930901820"


@pytest.mark.parametrize(
    "user",
    [
        "+4930901820", "004930901820", "030901820", "%30%330901820", "%2B4930901820", "+49-30-(90)1820",
        "+49(0)30901820",
        "030901820;user=phone", "030901820;phone-context=+49", "30901820;phone-context=+49",
        "901820;phone-context=+4930",
        "030901820;phone-context=a.example", "00490030901820", "030 90 18.20", "901820;PHONE-CONTEXT=%2B49-30",
    ],
)  # fmt: skip
def test_every_way_to_write_a_number_means_the_same(user: str) -> None:
    """RFC 3261 section 19.1.2 escapes, RFC 3966 separators and phone-context."""
    assert meant(user, number_plan("DE")) == Number(ONE_NUMBER, "DE", Reach.NATIONAL)


@pytest.mark.parametrize(
    "user",
    ["٠٣٠٩٠١٨٢٠", "０３０９０１８２０", "%D9%A0309018", "ann", "", "+", "+0049309", "*31#030901820", "030901820%3Bx",
     "+49309018201234567", "1" * 41, "030901820;phone-context=+1;phone-context=+49", "+21",
     "030901820;phone-context=+x", "+999123456", "03%00"],
)  # fmt: skip
def test_what_is_no_number_is_none(user: str) -> None:
    """Digits of another script are refused, not read."""
    assert meant(user, number_plan("DE")) is None


def test_a_number_without_prefix_is_local_where_there_is_an_area_code() -> None:
    assert meant("901820", number_plan("DE", "30")) == Number(ONE_NUMBER, "DE", Reach.NATIONAL)
    assert meant("5550123", number_plan("US", "212")) == Number("+12125550123", "US", Reach.NATIONAL)
    assert meant("3055550123", number_plan("US", "212")) == Number("+13055550123", "US", Reach.NATIONAL)
    assert meant("12425550123", number_plan("US", "212")) == Number("+12425550123", "BS", Reach.INTERNATIONAL)


def test_the_access_code_is_no_part_of_the_number() -> None:
    plan = number_plan("DE", access_code="9")
    assert meant("9030901820", plan) == Number(ONE_NUMBER, "DE", Reach.NATIONAL)
    assert meant("90044207", plan) is not None


def test_short_codes_are_a_class_of_their_own() -> None:
    found = meant("11880", number_plan("DE", "30"))
    assert found == Number("11880", "DE", Reach.NATIONAL, NumberClass.SHORT_CODE)


def test_without_a_country_only_a_plus_says_what_is_meant() -> None:
    assert meant("030901820", NumberPlan()) is None
    assert meant(ONE_NUMBER, NumberPlan()) == Number(ONE_NUMBER, "DE", Reach.INTERNATIONAL)


def test_the_world_travels_whole() -> None:
    assert decode_world(encode_world(world())) == world()


@settings(max_examples=300, deadline=None)
@given(user=st.text(alphabet="0123456789+%-()*#;=.ab٣", max_size=30))
def test_whatever_is_sent_is_plain_digits(user: str) -> None:
    """Nothing of the network's text reaches a trunk but ASCII digits and one plus."""
    found = meant(user, number_plan("DE", "30"))
    if found is not None:
        digits = found.text.removeprefix("+")
        assert digits.isascii()
        assert digits.isdecimal()
        assert len(digits) <= 15


@settings(max_examples=300, deadline=None)
@given(digits=st.text(alphabet="0123456789", min_size=4, max_size=14))
def test_a_valid_number_with_a_plus_is_as_libphonenumber_reads_it(digits: str) -> None:
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return
    puts_digits_in = not digits.endswith(str(number.national_number))  # as for short numbers of Norfolk Island
    if phonenumbers.is_valid_number(number) and not puts_digits_in:
        found = meant(f"+{digits}", number_plan("DE"))
        assert found is not None
        assert found.text == e164(number)
        assert found.country in (phonenumbers.region_code_for_number(number), "")


@pytest.mark.parametrize("user", ["+4911833", "004911833", "011833", "11833;phone-context=+49"])
def test_a_short_code_behind_the_country_s_code_is_still_one(user: str) -> None:
    """Reference "Call Control and Fraud Prevention", attack cases group F: a spelling changes no verdict."""
    found = meant(user, number_plan("DE"))
    assert found is not None
    assert found.kind is NumberClass.SHORT_CODE


@pytest.mark.parametrize(
    ("country", "user"),
    [("AT", "118877"), ("AT", "+43118877"), ("DE", "1188012"), ("GB", "118118"), ("FR", "118712"), ("CH", "1811")],
)
def test_directory_enquiries_are_short_codes_all_over_europe(country: str, user: str) -> None:
    """Dear wherever they are; of some libphonenumber knows nothing."""
    found = meant(user, number_plan(country))
    assert found is not None
    assert found.kind is NumberClass.SHORT_CODE


def test_a_place_that_begins_like_directory_enquiries_is_one() -> None:
    assert meant("01189001234", number_plan("GB")) == Number("+441189001234", "GB", Reach.NATIONAL)
