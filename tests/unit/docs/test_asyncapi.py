"""docs/wsi.asyncapi.json says what the event socket does, and docs/wsi.md names every topic and close code."""

import json

import pytest

from ringfence.policy.people.subscriptions import TELLINGS, Topic
from ringfence.portal.wsi.protocol import Closing
from tools import asyncapi

pytestmark = pytest.mark.unit


def test_the_committed_description_is_the_generated_one() -> None:
    assert asyncapi.PAGE.read_text(encoding="utf-8") == asyncapi.text(), "run: make docs"


def test_every_reference_in_the_description_leads_somewhere() -> None:
    whole = asyncapi.document()
    for reference in _references(whole):
        at = whole
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]
    assert set(map(str, TELLINGS)) < set(whole["components"]["messages"])


def test_every_field_is_described_with_its_type() -> None:
    for kind in TELLINGS:
        data = asyncapi.document()["components"]["messages"][str(kind)]["payload"]["properties"]["data"]
        assert all("type" in field for field in data["properties"].values()), kind
    assert set(asyncapi.FIELDS) <= {name for telling in TELLINGS.values() for name in telling.fields}


def test_the_page_names_every_kind_of_event() -> None:
    page = asyncapi.PAGE.with_name("wsi.md").read_text(encoding="utf-8")
    assert [kind for kind in TELLINGS if f"`{kind}`" not in page] == []


def _references(value: object) -> list[str]:
    text = json.dumps(value)
    return [piece.split('"')[0] for piece in text.split('"$ref": "')[1:]]


def test_the_page_names_every_topic_and_close_code() -> None:
    page = asyncapi.PAGE.with_name("wsi.md").read_text(encoding="utf-8")
    assert [topic for topic in Topic if f"`{topic}`" not in page] == []
    assert [closing for closing in Closing if f"| {int(closing)} |" not in page] == []
