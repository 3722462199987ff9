"""In which cloud this machine stands, by the metadata service of the provider (reference: "Cloud Deployment Best
Practices"). Asked with short time limits over plain HTTP on a link-local address; anything unexpected is "no cloud".

What each service does not tell is said as None: whether an address of AWS is an Elastic IP, or one of Google Cloud is
reserved, is known to the account alone.
"""

import http.client
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ringfence.hosts.addresses import parsed

METADATA: Final = ("169.254.169.254", 80)
CONNECT_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 1.0
LONGEST: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Cloud:
    """`static`: whether the public address is reserved; None where the provider does not tell. `network` names the
    private network."""

    provider: str
    private: str
    public: str
    static: bool | None
    network: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the metadata service; `headers` with small letters."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Question:
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"


type Ask = Callable[[Question], Reply | None]


def ask_metadata(question: Question) -> Reply | None:
    """One question, one connection; None without an answer in time."""
    link = http.client.HTTPConnection(*METADATA, timeout=ANSWER_SECONDS)
    try:
        link.request(question.method, question.path, headers=dict(question.headers))
        answer = link.getresponse()
        body = answer.read(LONGEST).decode("utf-8", "replace")
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        link.close()


def is_there() -> bool:
    """Whether anything answers on the metadata address; outside a cloud that is refused or lost at once."""
    try:
        with socket.create_connection(METADATA, CONNECT_SECONDS):
            return True
    except OSError:
        return False


def recognised(ask: Ask = ask_metadata, there: Callable[[], bool] = is_there) -> Cloud | None:
    """The cloud this machine stands in, or None. Never raises and never waits for more than a few seconds."""
    if not there():
        return None
    for provider in (google, azure, aws):
        try:
            found = provider(ask)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            continue
        if found is not None:
            return found
    return None


def google(ask: Ask) -> Cloud | None:
    """The answer's own header is the proof (Google Cloud: "Metadata-Flavor: Google")."""
    headers = {"Metadata-Flavor": "Google"}
    reply = ask(Question("/computeMetadata/v1/instance/network-interfaces/?recursive=true", headers))
    if reply is None or reply.status != 200 or reply.headers.get("metadata-flavor") != "Google":
        return None
    card = json.loads(reply.body)[0]
    access = card.get("accessConfigs") or [{}]
    return Cloud("gcp", address(card.get("ip")), address(access[0].get("externalIp")), None, str(card["network"]))


def azure(ask: Ask) -> Cloud | None:
    """A public address of the Standard SKU stands with the load balancer's addresses, and is always static."""
    headers = {"Metadata": "true"}
    reply = ask(Question("/metadata/instance?api-version=2021-02-01", headers))
    if reply is None or reply.status != 200:
        return None
    card = json.loads(reply.body)["network"]["interface"][0]
    own = card["ipv4"]["ipAddress"][0]
    subnet = card["ipv4"]["subnet"][0]
    network = f"{subnet['address']}/{subnet['prefix']}"
    private, public = address(own["privateIpAddress"]), address(own.get("publicIpAddress"))
    standard = _azure_standard(ask, private)
    return Cloud("azure", private, standard or public, True if standard else None, network)


def _azure_standard(ask: Ask, private: str) -> str:
    reply = ask(Question("/metadata/loadbalancer?api-version=2020-10-01", {"Metadata": "true"}))
    if reply is None or reply.status != 200:
        return ""
    for pair in json.loads(reply.body)["loadbalancer"]["publicIpAddresses"]:
        if pair["privateIpAddress"] == private:
            return address(pair["frontendIpAddress"])
    return ""


def aws(ask: Ask) -> Cloud | None:
    """IMDSv2 alone: without a session token nothing is asked, so that a machine which permits IMDSv1 is no matter."""
    seconds = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    token = ask(Question("/latest/api/token", seconds, "PUT"))
    if token is None or token.status != 200 or not token.body.isprintable():
        return None
    headers = {"X-aws-ec2-metadata-token": token.body.strip()}

    def told(path: str) -> str:
        reply = ask(Question(f"/latest/meta-data/{path}", headers))
        return reply.body.strip() if reply is not None and reply.status == 200 else ""

    private = address(told("local-ipv4"))
    if not private:
        return None
    card = told("mac")
    network = told(f"network/interfaces/macs/{card}/vpc-id") if _is_mac(card) else ""
    return Cloud("aws", private, address(told("public-ipv4")), None, network)


def _is_mac(text: str) -> bool:
    return len(text) == 17 and set(text.lower()) <= set("0123456789abcdef:")


def address(text: Any) -> str:
    """The address in its normal form; "" for anything else.

    >>> address("203.0.113.9"), address("evil"), address(None)
    ('203.0.113.9', '', '')
    """
    found = parsed(str(text or ""))
    return str(found) if found is not None else ""
