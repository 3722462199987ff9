"""What every operation of the REST API keeps: preconditions, idempotency keys, rates, one shape of error."""

import json
from typing import Any

import pytest
from django.http import HttpResponse

from ringfence.portal.people.models import Person
from ringfence.portal.rest.models import KeptAnswer
from ringfence.portal.rest.problems import TooManyRequests
from ringfence.portal.rest.rates import MOST_BUCKETS, Rates
from tests.unit.portal.rest import Rest, Site


def raw(caller: Rest, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
    """The whole answer, with headers."""
    answer: HttpResponse = caller.client.generic(
        method,
        f"/api/v1/{path}",
        b"" if body is None else json.dumps(body).encode(),
        content_type=headers.pop("content_type", "application/json"),
        headers={"Authorization": f"Bearer {caller.token}", **{k.replace("_", "-"): v for k, v in headers.items()}},
        REMOTE_ADDR=caller.address,
        secure=True,
    )
    return answer


def wish(site: Site, extension: str = "300") -> dict[str, Any]:
    return {"tenant_id": site.tenants["a"], "extension": extension, "display_name": "Once"}


def test_an_update_with_the_tag_of_what_was_seen_passes(site: Site) -> None:
    path = f"users/{site.users['101@a.example']}"
    tag = raw(site.a, "GET", path)["ETag"]
    changed = raw(site.a, "PATCH", path, {"display_name": "New"}, If_Match=tag)
    assert changed.status_code == 200
    assert changed["ETag"] == raw(site.a, "GET", path)["ETag"] != tag


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_who_saw_something_else_overwrites_nothing(site: Site, method: str) -> None:
    path = f"users/{site.users['101@a.example']}"
    tag = raw(site.a, "GET", path)["ETag"]
    site.a.call("PATCH", path, {"display_name": "Of somebody else"})
    refused = raw(site.a, method, path, {"display_name": "Mine"} if method == "PATCH" else None, If_Match=tag)
    assert (refused.status_code, refused.json()["error_id"]) == (412, "precondition.failed")
    assert site.a.get(path)["display_name"] == "Of somebody else"


def test_a_tag_in_a_list_and_a_star_match(site: Site) -> None:
    path = f"users/{site.users['101@a.example']}"
    tag = raw(site.a, "GET", path)["ETag"]
    assert raw(site.a, "PATCH", path, {}, If_Match=f'"x", {tag}').status_code == 200
    assert raw(site.a, "PATCH", path, {}, If_Match="*").status_code == 200
    assert raw(site.a, "PATCH", path, {}, If_Match=f"W/{tag}").status_code == 412


def test_updates_without_a_condition_can_be_forbidden(site: Site) -> None:
    path = f"users/{site.users['101@a.example']}"
    site.admin.call("PATCH", "settings/security", {"web_api_if_match": True})
    assert site.a.refusal("PATCH", path, {})["status"] == 428
    assert raw(site.a, "PATCH", path, {}, If_Match=raw(site.a, "GET", path)["ETag"]).status_code == 200


def test_who_has_it_already_gets_no_second_copy(site: Site) -> None:
    tag = raw(site.a, "GET", "users")["ETag"]
    again = raw(site.a, "GET", "users", If_None_Match=tag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)


def test_a_repeated_request_does_nothing_and_answers_the_same(site: Site) -> None:
    first = raw(site.a, "POST", "users", wish(site), Idempotency_Key="k1")
    again = raw(site.a, "POST", "users", wish(site), Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Person.objects.filter(username="300@a.example").count() == 1


def test_a_kept_answer_holds_no_secret_in_clear(site: Site) -> None:
    secret = raw(site.a, "POST", "users", wish(site), Idempotency_Key="k1").json()["sip_secret"]
    assert secret.encode() not in bytes(KeptAnswer.objects.get().sealed_answer)


def test_a_key_is_for_one_request_only(site: Site) -> None:
    raw(site.a, "POST", "users", wish(site), Idempotency_Key="k1")
    refused = raw(site.a, "POST", "users", wish(site, "301"), Idempotency_Key="k1")
    assert (refused.status_code, refused.json()["error_id"]) == (422, "idempotency.reused")
    assert not Person.objects.filter(username="301@a.example").exists()


def test_a_key_belongs_to_its_person(site: Site) -> None:
    raw(site.a, "POST", "users", wish(site), Idempotency_Key="k1")
    other = {**wish(site), "tenant_id": site.tenants["b"]}
    assert raw(site.b, "POST", "users", other, Idempotency_Key="k1").json()["domain"] == "b.example"


def test_a_refused_request_may_be_tried_again(site: Site) -> None:
    bad = {**wish(site), "extension": "x"}
    assert raw(site.a, "POST", "users", bad, Idempotency_Key="k1").status_code == 422
    assert raw(site.a, "POST", "users", wish(site), Idempotency_Key="k1").status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 129])
def test_a_key_is_visible_ascii(site: Site, key: str) -> None:
    assert raw(site.a, "POST", "users", wish(site), Idempotency_Key=key).json()["error_id"] == "idempotency.key"


def test_a_token_that_asks_too_much_is_told_when_to_come_again(site: Site) -> None:
    site.admin.call("PATCH", "settings/security", {"web_api_requests": 10})
    answers = [raw(site.a, "GET", "roles") for _ in range(12)]
    assert [answer.status_code for answer in answers][:10] == [200] * 10
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1]["Retry-After"]) <= 6
    assert site.b.get("roles")


def test_a_bucket_fills_again() -> None:
    rates = Rates()
    for _ in range(60):
        rates.take("t", 60, now=0.0)
    with pytest.raises(TooManyRequests):
        rates.take("t", 60, now=0.5)
    rates.take("t", 60, now=1.5)


def test_buckets_do_not_grow_without_end() -> None:
    rates = Rates()
    for number in range(MOST_BUCKETS + 10):
        rates.take(f"t{number}", 60, now=number / 1000)
    assert len(rates._buckets) <= MOST_BUCKETS


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_is_json(site: Site, content_type: str) -> None:
    refused = raw(site.a, "POST", "groups", {"tenant_id": 1, "name": "X"}, content_type=content_type)
    assert (refused.status_code, refused.json()["error_id"]) == (415, "request.content_type")


def test_a_body_has_an_end(site: Site) -> None:
    refused = raw(site.a, "POST", "groups", {"name": "x" * (1 << 20)})
    assert (refused.status_code, refused.json()["error_id"]) == (413, "request.size")


def test_broken_json_is_a_problem_document(site: Site) -> None:
    answer = site.a.client.post(
        "/api/v1/groups",
        b'{"name": ',
        content_type="application/json",
        headers={"Authorization": f"Bearer {site.a.token}"},
        secure=True,
    )
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_an_unknown_query_parameter_is_refused(site: Site) -> None:
    refused = site.a.refusal("GET", "users?serach=x")
    assert (refused["status"], refused["field"]) == (422, "serach")


def test_a_wrong_method_names_the_right_ones(site: Site) -> None:
    refused = raw(site.a, "PUT", "users", {})
    assert (refused.status_code, set(refused["Allow"].split(", "))) == (405, {"GET", "POST"})
    assert refused["Content-Type"] == "application/problem+json"


def test_a_list_goes_on_where_the_last_page_ended(site: Site) -> None:
    seen: list[str] = []
    after = ""
    while True:
        page = site.admin.get(f"users?limit=1&after={after}")
        seen += [item["username"] for item in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
        site.admin.call("DELETE", f"users/{page['items'][0]['id']}")
    assert seen == ["100@a.example", "101@a.example", "100@b.example", "101@b.example"]


@pytest.mark.parametrize("after", ["x", "W10", "WzEsMl0", "WyJhIl0", "WzFlOTldCg", "bnVsbA"])
def test_a_place_of_nowhere_is_refused(site: Site, after: str) -> None:
    for path in ("users", "cdrs", "audit-log"):
        assert site.admin.refusal("GET", f"{path}?after={after}")["error_id"] == "page.after"


def test_each_fault_of_a_body_is_told_with_its_field(site: Site) -> None:
    told = raw(site.a, "POST", "users", {"tenant_id": site.tenants["a"], "extension": "301", "first_name": "A"}).json()
    assert told["detail"] == "display_name: This field is required. first_name: There is no such field here."
    assert [fault["field"] for fault in told["errors"]] == ["display_name", "first_name"]
