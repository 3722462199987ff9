"""Who the caller is: the digest proves it, and every header must agree with what was proved."""

from ringfence.policy.index import Index
from ringfence.policy.model import Answer, Challenge, Refuse, Request
from ringfence.policy.relay.media import PRIVATE


def domain(request: Request, index: Index) -> Refuse | None:
    """A request for a domain that is not ours is refused: this is no open relay."""
    if index.domain_of(request.target_host):
        return None
    return Refuse("identity.domain", 403, "Forbidden")


def encrypted(request: Request, index: Index) -> Refuse | None:
    """Extensions of a tenant with TLS only register and call over TLS or a secure WebSocket.

    The socket that heard the message counts, not what its Via or Contact says. It is asked before the digest, so that
    none is sent in the clear; a call has to be proved first, since it may be an emergency call, which is never refused.
    """
    is_unproved_call = request.method == "INVITE" and request.caller is None
    if request.transport in PRIVATE or is_unproved_call or index.domain_of(request.target_host) not in index.tls_only:
        return None
    return Refuse("identity.encrypted", 403, "Use TLS")


def authenticated(request: Request, index: Index) -> Challenge | None:
    """Without a right answer to our own challenge there is a new challenge, the same for known and unknown accounts."""
    if request.caller and request.credentials and request.credentials.answer == Answer.RIGHT:
        return None
    realm = index.domain_of(request.target_host)
    sha_256 = index.asks_sha_256(realm, request.transport)
    return Challenge("identity.authenticated", realm, proxy=request.method != "REGISTER", sha_256=sha_256)


def digest_uri(request: Request, index: Index) -> Refuse | None:
    """The digest was made for this very request: its uri names the same target (RFC 7616 section 3.4.6)."""
    claimed = request.credentials.uri if request.credentials else request.target_uri
    if claimed == request.target_uri or _target(claimed) == _target(request.target_uri):
        return None
    return Refuse("identity.digest_uri", 400, "Bad Request")


def active(request: Request, index: Index) -> Refuse | None:
    """A suspended extension neither registers nor calls."""
    if request.caller and request.caller.active:
        return None
    return Refuse("identity.active", 403, "Forbidden")


def tenant(request: Request, index: Index) -> Refuse | None:
    """An extension speaks to its own tenant's domain only."""
    if request.caller and index.domain_of(request.target_host) == request.caller.domain:
        return None
    return Refuse("identity.tenant", 403, "Forbidden")


def certificate(request: Request, index: Index) -> Refuse | None:
    """Where phones show a certificate it names their extension: a password alone is not enough, nor is the certificate
    of another phone. It may be its common name, or a URI or mail address among its other names.
    """
    if not request.needs_certificate and not request.certificate:
        return None
    own = request.caller.aor if request.caller else ""
    named = {name.lower().removeprefix("sips:").removeprefix("sip:") for name in request.certificate}
    return None if own in named else Refuse("identity.certificate", 403, "Forbidden")


def sender(request: Request, index: Index) -> Refuse | None:
    """The From header names the extension whose password was proved."""
    return (
        None
        if _is_caller(request, index, request.from_user, request.from_host)
        else Refuse("identity.sender", 403, "Forbidden")
    )


def _is_caller(request: Request, index: Index, user: str, host: str) -> bool:
    caller = request.caller
    return caller is not None and user.lower() == caller.extension and index.domain_of(host) == caller.domain


def _target(uri: str) -> str:
    """The user and host of a SIP URI, for comparing.

    >>> _target("sip:101@Example.com:5060;transport=tcp")
    '101@example.com'
    """
    rest = uri.partition(":")[2]
    user, at, host = rest.rpartition("@")
    return f"{user}{at}{_host(host)}"


def _host(text: str) -> str:
    bare = text.partition(";")[0].partition("?")[0].lower()
    if bare.startswith("["):
        return bare.partition("]")[0] + "]"
    return bare.partition(":")[0]
