"""What the web access process says in tests."""

CERTIFICATE = {
    "subject": "pbx", "issuer": "pbx", "names": ["pbx.example"], "not_before": "2026-01-01T00:00:00+00:00",
    "not_after": "2126-01-01T00:00:00+00:00", "days_left": 40, "key": "ECDSA secp256r1", "fingerprint": "AA:BB",
    "self_signed": True, "chain": ["pbx"],
}  # fmt: skip
CLOSED = {
    "redirect_80": False,
    "redirect_443": False,
    "provisioning_http": False,
    "sbc_provisioning_http": False,
    "hsts": False,
}
STATE = {**CLOSED, "low_ports": True, "certificate": CERTIFICATE}
