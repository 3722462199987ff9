"""Metadata services that demand what the real ones demand: headers, methods, session tokens."""

import json
from collections.abc import Callable

from ringfence.hosts.cloud import Question, Reply

type Service = Callable[[Question], Reply | None]

TOKEN = "AQAEAExample=="
REFUSED = Reply(404, {"server": "EC2ws"}, "")


def amazon() -> Service:
    """IMDSv2 only: PUT for a token with a lifetime, then GET with it; anything else is 401."""
    told = {
        "local-ipv4": "10.0.1.5",
        "public-ipv4": "203.0.113.9",
        "mac": "0a:1b:2c:3d:4e:5f",
        "network/interfaces/macs/0a:1b:2c:3d:4e:5f/vpc-id": "vpc-0abc",
    }

    def answer(question: Question) -> Reply | None:
        if question.path == "/latest/api/token":
            lifetime = question.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            fits = question.method == "PUT" and lifetime.isdecimal() and 1 <= int(lifetime) <= 21_600
            return Reply(200, {}, TOKEN) if fits else Reply(400, {}, "")
        if not question.path.startswith("/latest/meta-data/"):
            return REFUSED
        if question.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            return Reply(401, {}, "")
        body = told.get(question.path.removeprefix("/latest/meta-data/"))
        return REFUSED if body is None else Reply(200, {"content-type": "text/plain"}, body)

    return answer


def microsoft(*, standard: bool) -> Service:
    """Azure: `Metadata: true` and an api-version, or 400. A Standard address stands with the load balancer's."""
    own = {"privateIpAddress": "10.1.0.4", "publicIpAddress": "" if standard else "203.0.113.10"}
    card = {"ipv4": {"ipAddress": [own], "subnet": [{"address": "10.1.0.0", "prefix": "24"}]}, "macAddress": "0022"}
    pair = {"frontendIpAddress": "203.0.113.10", "privateIpAddress": "10.1.0.4"}

    def answer(question: Question) -> Reply | None:
        path, _, query = question.path.partition("?")
        if not path.startswith("/metadata/"):
            return Reply(404, {}, "")
        if question.headers.get("Metadata") != "true" or not query.startswith("api-version="):
            return Reply(400, {}, json.dumps({"error": "Bad request. Required metadata header not specified"}))
        if path == "/metadata/instance":
            return Reply(200, {}, json.dumps({"compute": {}, "network": {"interface": [card]}}))
        if path == "/metadata/loadbalancer" and standard:
            return Reply(200, {}, json.dumps({"loadbalancer": {"publicIpAddresses": [pair], "inboundRules": []}}))
        return Reply(404, {}, json.dumps({"error": "No load balancer metadata is found"}))

    return answer


def google() -> Service:
    """Google Cloud: `Metadata-Flavor: Google` in the question and in every answer, or 403."""
    access = {"externalIp": "203.0.113.11", "type": "ONE_TO_ONE_NAT"}
    card = {"ip": "10.2.0.3", "accessConfigs": [access], "network": "projects/1/networks/default"}

    def answer(question: Question) -> Reply | None:
        flavour = {"metadata-flavor": "Google"}
        if question.headers.get("Metadata-Flavor") != "Google":
            return Reply(403, flavour, "")
        if question.path.startswith("/computeMetadata/v1/instance/network-interfaces/"):
            return Reply(200, flavour, json.dumps([card]))
        return Reply(404, flavour, "")

    return answer
