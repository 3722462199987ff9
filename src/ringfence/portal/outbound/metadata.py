"""What libphonenumber knows, compiled into the plain patterns that workers judge numbers by."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS
from phonenumbers.phonemetadata import PhoneMetadata

from ringfence.policy.outgoing.numberplan import CallingCode, NumberClass, NumberPlan, World

NORTH_AMERICA: Final = 1
NETWORKS: Final[dict[int, NumberClass]] = {
    800: NumberClass.SATELLITE,
    808: NumberClass.SHARED_COST,
    870: NumberClass.SATELLITE,
    878: NumberClass.PERSONAL,
    881: NumberClass.SATELLITE,
    882: NumberClass.SATELLITE,
    883: NumberClass.SATELLITE,
    888: NumberClass.SATELLITE,
    979: NumberClass.PREMIUM,
}
"""Codes of no country. International freephone and relief numbers stand beside the satellites: all are networks."""

WITH_PLACE: Final = ("fixed_line", "mobile", "voip", "pager", "voicemail")
WITHOUT_PLACE: Final = ("toll_free", "premium_rate", "shared_cost", "personal_number", "uan")

EVERYWHERE: Final = ("112", "911")
"""Emergency numbers of a tenant that has no country yet: mobile networks know both (3GPP TS 22.101)."""

LONGEST_EMERGENCY: Final = 4

EUROPE: Final = ("3", "4")
"""The first digits of its calling codes (ITU-T E.164, annex D)."""
DIRECTORY_ENQUIRIES: Final = r"118\d{1,4}"
"""Reserved for them by CEPT (ECTRA), and dear. Longer ones are places: Reading in Britain is 0118."""


@cache
def world() -> World:
    """Every calling code."""
    found = [
        _calling_code(code, regions) for code, regions in COUNTRY_CODE_TO_REGION_CODE.items() if code not in NETWORKS
    ]
    networks = [CallingCode(str(code), network=kind) for code, kind in NETWORKS.items()]
    return World({code.code: code for code in (*found, *networks)})


def countries() -> tuple[str, ...]:
    """The ISO 3166 codes of all countries with numbers."""
    return tuple(sorted(SUPPORTED_REGIONS))


def calling_code_of(country: str) -> str:
    return str(_metadata(country).country_code)


@cache
def number_plan(country: str, area_code: str = "", access_code: str = "") -> NumberPlan:
    """How people dial in this country."""
    if not country:
        return NumberPlan(access_code=access_code)
    found = _metadata(country)
    short = PhoneMetadata.short_metadata_for_region(country)
    return NumberPlan(
        country=country,
        calling_code=str(found.country_code),
        international_prefix=_joined([found.international_prefix]),
        national_prefix=found.national_prefix_for_parsing or "",
        national_rule=_python_rule(found.national_prefix_transform_rule),
        by_length=found.country_code == NORTH_AMERICA or not found.national_prefix,
        area_code=area_code,
        access_code=access_code,
        short_codes=_joined([_pattern(short.short_code) if short else "", _enquiries(found.country_code)]),
    )


def _enquiries(calling_code: int) -> str:
    """Directory enquiries are 118 and some digits all over Europe; libphonenumber knows some of them."""
    return DIRECTORY_ENQUIRIES if str(calling_code)[0] in EUROPE else ""


@cache
def emergency_numbers(country: str) -> tuple[str, ...]:
    """The emergency numbers of a country. Never empty."""
    short = PhoneMetadata.short_metadata_for_region(country) if country else None
    wanted = _pattern(short.emergency) if short else ""
    if not wanted:
        return EVERYWHERE
    fits = re.compile(wanted).fullmatch
    every = (f"{number:0{length}}" for length in range(2, LONGEST_EMERGENCY + 1) for number in range(10**length))
    return tuple(number for number in every if fits(number)) or EVERYWHERE


def are_at_home(prefixes: Iterable[str], country: str) -> bool:
    """Whether every number that begins with one of these is of this country. Not so where several share a code.

    >>> are_at_home(["+4930", "+49"], "DE"), are_at_home(["+49", "0"], "DE"), are_at_home(["+44"], "GB")
    (True, False, False)
    """
    if not country or COUNTRY_CODE_TO_REGION_CODE[int(calling_code_of(country))] != (country,):
        return False
    code, found = f"+{calling_code_of(country)}", list(prefixes)
    return bool(found) and all(prefix.startswith(code) for prefix in found)


def _calling_code(code: int, regions: tuple[str, ...]) -> CallingCode:
    all_of_them = [_metadata(region) for region in regions]
    main = all_of_them[0]
    return CallingCode(
        str(code),
        countries=_countries(code, all_of_them),
        national_prefix=main.national_prefix or "",
        numbers=_joined([_pattern(item.general_desc) for item in all_of_them]),
        shared=_shared(all_of_them) if len(regions) > 1 else "",
        free=_joined([_pattern(item.toll_free) for item in all_of_them]),
        premium=_joined([_pattern(item.premium_rate) for item in all_of_them]),
        shared_cost=_joined([_pattern(item.shared_cost) for item in all_of_them]),
        personal=_joined([_pattern(item.personal_number) for item in all_of_them]),
    )


def _countries(code: int, regions: list[Any]) -> str:
    """A group for each country, the one that owns the rest of the code last. In North America nobody owns the rest.

    A country without digits of its own is known by the kinds of numbers that it does not share with the last one.
    """
    if len(regions) == 1:
        return f"(?P<{regions[0].id}>)"
    by_digits = [item for item in regions if item.leading_digits]
    by_types = [item for item in regions[1:] if not item.leading_digits]
    parts = [f"(?P<{item.id}>{item.leading_digits})" for item in by_digits]
    parts += [f"(?P<{item.id}>{_types(item, regions[0])})" for item in by_types]
    if not regions[0].leading_digits:
        parts.append(f"(?P<{regions[0].id}>{_types(regions[0]) if code == NORTH_AMERICA else ''})")
    return "|".join(parts)


def _types(found: Any, other: Any = None) -> str:
    """What numbers of this country look like; with another country, only what those of the other do not."""
    if other is None:
        return _joined([_pattern(getattr(found, name)) for name in (*WITH_PLACE, *WITHOUT_PLACE)])
    pairs = ((_pattern(getattr(found, name)), _pattern(getattr(other, name))) for name in WITH_PLACE)
    return _joined([own for own, theirs in pairs if own != theirs])


def _shared(regions: list[Any]) -> str:
    """Kinds of numbers without a place that most countries of a code have alike."""
    kinds = [Counter(_pattern(getattr(item, name)) for item in regions) for name in WITHOUT_PLACE]
    return _joined([text for kind in kinds for text, count in kind.items() if 2 * count > len(regions)])


def _joined(patterns: list[str | None]) -> str:
    """One pattern for any of these; "" for none."""
    kept = dict.fromkeys(text for text in patterns if text)
    return "|".join(f"(?:{text})" for text in kept)


def _pattern(described: Any) -> str:
    """The pattern of a kind of number; "" if the country has none."""
    if described is None or described.national_number_pattern in (None, "NA"):
        return ""
    return str(described.national_number_pattern)


def _python_rule(rule: str | None) -> str:
    return re.sub(r"\\(\d)", r"\\g<\1>", rule) if rule else ""


def _metadata(country: str) -> Any:
    found = PhoneMetadata.metadata_for_region(country)
    if found is None:
        raise ValueError(f"there is no country {country!r}")
    return found
