"""The OpenAPI 3.1 document, completed with what holds for every operation: errors, headers, query parameters."""

from copy import deepcopy
from typing import Any, Final

from ninja import NinjaAPI

from ringfence.portal.rest.idempotency import HEADER

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457. `error_id` is stable; `field` is the first of `errors`.",
    "required": ["type", "title", "status", "detail", "instance", "error_id", "field", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "error_id": {"type": "string"},
        "field": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "rule", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "rule", "message")},
            },
        },
    },
}

REFUSALS: Final[dict[str, str]] = {
    "400": "The request cannot be read.",
    "401": "No token, or one that has ended.",
    "403": "The permission is missing.",
    "404": "There is no such object, or it belongs to another tenant.",
    "409": "It exists already, or the same happens at this moment.",
    "412": "The object is not what If-Match names.",
    "413": "The body is larger than 1 MiB.",
    "415": "The body is not JSON.",
    "422": "A value is refused; `errors` names each field and rule.",
    "428": "An update needs If-Match (a setting).",
    "429": "Too many requests; Retry-After says when to come again.",
    "503": "The guard or the policy store does not answer.",
}

ANYWHERE: Final = ("400", "401", "403", "404", "422", "429", "503")
OF_CHANGES: Final = ("409", "413", "415")
OF_UPDATES: Final = ("412", "428")


class DescribedAPI(NinjaAPI):
    """Ninja's API whose description tells the whole truth."""

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        found = super().get_openapi_schema(**kwargs)
        found["components"].setdefault("schemas", {})["Problem"] = PROBLEM
        for methods in found["paths"].values():
            for method, about in methods.items():
                _complete(method, about, "get" in methods)
        return found


def _complete(method: str, about: dict[str, Any], has_reader: bool) -> None:
    codes = [*ANYWHERE, *(OF_CHANGES if method != "get" else ())]
    codes += OF_UPDATES if method in ("put", "patch", "delete") else ()
    for code in sorted(set(codes)):
        about["responses"].setdefault(code, _refusal(code))
    parameters = about.setdefault("parameters", [])
    for item in parameters:
        item["schema"] = _without_null(item["schema"]) if item["in"] == "query" else item["schema"]
    if method == "post" and about.get("security"):
        parameters.append(_header(HEADER, "A repeated request with this key answers what the first one answered."))
    if method in ("put", "patch", "delete") and has_reader:
        parameters.append(_header("If-Match", "The ETag of the object as you saw it."))


def _refusal(code: str) -> dict[str, Any]:
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": REFUSALS[code], "content": {"application/problem+json": schema}}


def _header(name: str, about: str) -> dict[str, Any]:
    limits = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"}
    return {"in": "header", "name": name, "required": False, "description": about, "schema": limits}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is left out instead of being null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**deepcopy(kinds[0]), **rest}
