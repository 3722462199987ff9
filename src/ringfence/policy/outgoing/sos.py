"""The emergency number that a service URN means (RFC 5031): some phones call for help by that, whatever is dialled."""

from typing import Final

SERVICE: Final = "urn:service:sos"

_POLICE, _FIRE, _AMBULANCE = "police", "fire", "ambulance"
_OF_COUNTRIES: Final[dict[str, dict[str, str]]] = {
    "AT": {_POLICE: "133", _FIRE: "122", _AMBULANCE: "144"},
    "CH": {_POLICE: "117", _FIRE: "118", _AMBULANCE: "144"},
    "CN": {_POLICE: "110", _FIRE: "119", _AMBULANCE: "120"},
    "DE": {_POLICE: "110"},
    "FR": {_POLICE: "17", _FIRE: "18", _AMBULANCE: "15"},
    "JP": {_POLICE: "110", _FIRE: "119", _AMBULANCE: "119"},
    "TH": {_POLICE: "191", _FIRE: "199", _AMBULANCE: "1669"},
    "VN": {_POLICE: "113", _FIRE: "114", _AMBULANCE: "115"},
}
"""Where one number is not there for everything, or another one is nearer to those who come."""

_OF_EUROPE: Final = "112"
_OF_OTHERS: Final = ("911", "999", "000", "111", _OF_EUROPE)
"""The one number for everything, in the order of trust: 112 works in many countries from mobile phones alone."""


def number_of_service(urn: str, country: str, calling_code: str, numbers: tuple[str, ...]) -> str:
    """Which of a tenant's emergency numbers this URN means; "" if it is none for help. An unknown kind of help is help.

    >>> number_of_service("urn:service:sos.police", "DE", "49", ("110", "112"))
    '110'
    >>> number_of_service("URN:service:SOS.marine", "DE", "49", ("110", "112"))
    '112'
    >>> number_of_service("urn:service:counseling", "DE", "49", ("112",)), number_of_service("112", "", "", ("112",))
    ('', '')
    """
    named = urn.lower().partition(";")[0]
    if not numbers or (named != SERVICE and not named.startswith(f"{SERVICE}.")):
        return ""
    kind = named.removeprefix(SERVICE).removeprefix(".").partition(".")[0]
    own = _OF_COUNTRIES.get(country, {}).get(kind, "")
    is_european = not calling_code or calling_code[0] in "34"
    wanted = (own, *((_OF_EUROPE,) if is_european else ()), *_OF_OTHERS)
    return next((number for number in wanted if number in numbers), numbers[0])
