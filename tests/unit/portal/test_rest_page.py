"""docs/rest.md names every resource of the API and each of its methods."""

from pathlib import Path

import pytest

from ringfence.portal.api import api

pytestmark = pytest.mark.unit
PAGE = Path(__file__).parents[3] / "docs" / "rest.md"
PREFIX = "/api/v1/"


def described() -> dict[str, set[str]]:
    """The methods by path, as the page lists them; a row may name a list and its objects together."""
    rows = [line.strip("|").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    return {
        path.strip().strip("`"): set(methods.strip().split(", "))
        for paths, methods, _ in rows
        for path in paths.split(",")
    }


def test_every_path_and_method_is_on_the_page() -> None:
    listed = described()
    for path, methods in api.get_openapi_schema()["paths"].items():
        name = path.removeprefix(PREFIX)
        assert {method.upper() for method in methods} <= listed.get(name, set()), name


def test_the_page_names_nothing_that_is_not_there() -> None:
    known = {path.removeprefix(PREFIX) for path in api.get_openapi_schema()["paths"]}
    assert set(described()) <= known
