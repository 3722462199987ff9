"""Text that people type and that ends up in SIP messages, pages and logs."""

import unicodedata
from typing import Final

from ringfence.policy.settings import Problem

LONGEST_LABEL: Final = 64
LONGEST_DESCRIPTION: Final = 200


def label_problem(field: str, text: str) -> Problem | None:
    """Why this cannot be a name: empty, too long, or with characters that cannot be seen."""
    if not text.strip():
        return Problem(field, "text.empty", f"The {field.replace('_', ' ')} is missing.")
    if len(text) > LONGEST_LABEL:
        return Problem(
            field,
            "text.length",
            f"The {field.replace('_', ' ')} has {len(text)} characters; {LONGEST_LABEL} are allowed.",
        )
    return control_problem(field, text)


def description_problem(field: str, text: str) -> Problem | None:
    """Why this cannot be a description; an empty one can."""
    if len(text) > LONGEST_DESCRIPTION:
        return Problem(field, "text.length", f"The {field} may have {LONGEST_DESCRIPTION} characters.")
    return control_problem(field, text)


def control_problem(field: str, text: str) -> Problem | None:
    """Control and formatting characters could end a header line or disguise a name."""
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            return Problem(
                field, "text.control", f"The {field.replace('_', ' ')} holds the invisible character U+{ord(char):04X}."
            )
    return None
