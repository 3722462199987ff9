"""The API description names each shape once: two of one name would describe one resource by the other's fields."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ninja.openapi.schema import OpenAPISchema

import ringfence.portal
from ringfence.portal.api import api

SHAPE = re.compile(r"^class (\w+)\((?:In|Out|PageOut|Schema)\)", re.MULTILINE)


def test_no_two_shapes_share_a_name() -> None:
    root = Path(ringfence.portal.__file__).parent
    found = [name for path in root.rglob("*.py") for name in SHAPE.findall(path.read_text(encoding="utf-8"))]
    assert [name for name, count in Counter(found).items() if count > 1 and name not in ("In", "Out")] == []


def test_every_name_of_the_description_means_one_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enumerations and shapes derived from others too (reference "Rest API over HTTPS"): a client made from the
    description would send a mail server the encryptions of media.
    """
    found: dict[str, dict[str, Any]] = {}
    ambiguous: set[str] = set()

    def collect(_: OpenAPISchema, definitions: dict[str, Any]) -> None:
        ambiguous.update(name for name, one in definitions.items() if found.setdefault(name, one) != one)

    monkeypatch.setattr(OpenAPISchema, "add_schema_definitions", collect)
    api.get_openapi_schema()
    assert not ambiguous
    assert "UserOut" in found
