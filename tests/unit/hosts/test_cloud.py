"""Reference "Cloud Deployment Best Practices": the metadata services as their providers describe them."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ringfence.hosts.cloud import Cloud, Question, Reply, recognised
from ringfence.hosts.public import Public, followed, is_static, read_public, write_public
from tests.unit.hosts.metadata import amazon, google, microsoft

AWS = Cloud("aws", "10.0.1.5", "203.0.113.9", None, "vpc-0abc")
AZURE = Cloud("azure", "10.1.0.4", "203.0.113.10", True, "10.1.0.0/24")
GCP = Cloud("gcp", "10.2.0.3", "203.0.113.11", None, "projects/1/networks/default")


def there() -> bool:
    return True


def nobody(question: Question) -> Reply | None:
    return None


@pytest.mark.parametrize(
    ("service", "found"),
    [(amazon(), AWS), (microsoft(standard=True), AZURE), (google(), GCP), (nobody, None)],
    ids=["aws", "azure", "gcp", "nobody"],
)
def test_each_cloud_is_recognised_by_its_own_service(service: object, found: Cloud | None) -> None:
    assert recognised(service, there) == found  # type: ignore[arg-type]


def test_outside_a_cloud_nothing_is_asked() -> None:
    def asked(question: Question) -> Reply | None:
        raise AssertionError(question)

    assert recognised(asked, lambda: False) is None


def test_a_basic_address_of_azure_may_change_for_all_we_know() -> None:
    found = recognised(microsoft(standard=False), there)
    assert found == Cloud("azure", "10.1.0.4", "203.0.113.10", None, "10.1.0.0/24")


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "[1]", "null", "x" * 1000, '[{"ip": 7}]', json.dumps([{"ip": "evil"}])]
)
def test_a_hostile_answer_is_no_cloud_and_no_fault(body: str) -> None:
    def hostile(question: Question) -> Reply | None:
        return Reply(200, {"metadata-flavor": "Google"}, body)

    assert recognised(hostile, there) is None


def test_a_captive_portal_that_answers_everything_is_no_cloud() -> None:
    headers: Mapping[str, str] = {"server": "hotspot"}
    assert recognised(lambda question: Reply(200, headers, "<html>sign in</html>"), there) is None


def test_the_public_address_is_followed_and_a_change_is_remembered() -> None:
    first = followed(Public(follows=True), lambda: AWS)
    assert first == Public("203.0.113.9", follows=True)
    assert followed(first, lambda: None) == first
    moved = followed(first, lambda: GCP)
    assert moved == Public("203.0.113.11", follows=True, changed=True)
    assert followed(Public("198.51.100.1"), lambda: AWS) == Public("198.51.100.1")


@pytest.mark.parametrize(
    ("present", "cloud", "static"),
    [
        (Public("203.0.113.9", True), AWS, None),
        (Public("203.0.113.9", True, static=True), AWS, True),
        (Public("203.0.113.9", True, changed=True), AWS, False),
        (Public("198.51.100.1", static=True), AWS, None),
        (Public(), AZURE, True),
    ],
)
def test_what_is_known_of_an_address(present: Public, cloud: Cloud, static: bool | None) -> None:
    assert is_static(present, cloud) is static


def test_the_setting_survives_its_file_and_nonsense_is_none(tmp_path: Path) -> None:
    path = tmp_path / "host" / "public.json"
    assert read_public(path) == Public()
    write_public(path, Public("203.0.113.9", follows=True, static=True))
    assert read_public(path) == Public("203.0.113.9", follows=True, static=True)
    assert path.stat().st_mode & 0o777 == 0o644
    for nonsense in ("{", '{"address": "evil; rm", "follows": true, "static": true, "changed": false}', "[]"):
        path.write_text(nonsense)
        assert read_public(path) == Public()
