"""Reads the JSON body of an operation."""

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from ringfence.portal.rest.problems import WrongContentType


class JsonOnly(Parser):
    """A body that says it is something else is refused, even if it looks like JSON."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise WrongContentType(detail="Send Content-Type: application/json.")
        return super().parse_body(request)
