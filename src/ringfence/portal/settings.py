"""Django settings, safe for production; the environment only says where things are."""

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.utils.functional import SimpleLazyObject

from ringfence.portal import keys, places

DEBUG = False
SECRET_KEY = SimpleLazyObject(lambda: keys.key_bytes(places.SECRETS, "session.key").hex())  # made on first use
ALLOWED_HOSTS = os.environ.get("RINGFENCE_PORTAL_HOSTS", "*").split(",")
ROOT_URLCONF = "ringfence.portal.urls"
ASGI_APPLICATION = "ringfence.portal.asgi.application"
AUTH_USER_MODEL = "people.Person"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "ringfence.portal.system",
    "ringfence.portal.tenants",
    "ringfence.portal.people",
    "ringfence.portal.security",
    "ringfence.portal.calls",
    "ringfence.portal.spending",
    "ringfence.portal.audit",
    "ringfence.portal.rest",
    "ringfence.portal.webaccess",
    "ringfence.portal.acme",
    "ringfence.portal.firewall",
    "ringfence.portal.transports",
    "ringfence.portal.phonecertificates",
    "ringfence.portal.network",
    "ringfence.portal.retention",
    "ringfence.portal.sbc",
    "ringfence.portal.signin",
    "ringfence.portal.wsi",
    "ringfence.portal.confirm",
    "ringfence.portal.notices",
    "ringfence.portal.trunks",
    "ringfence.portal.voicemail",
    "ringfence.portal.recordings",
    "ringfence.portal.outbound",
    "ringfence.portal.inbound",
    "ringfence.portal.answering",
    "ringfence.portal.backups",
    "ringfence.portal.doctor",
    "ringfence.portal.provisioning",
    "ringfence.portal.webphone",
]

MIDDLEWARE = [
    "ringfence.portal.middleware.strict_headers",
    "ringfence.portal.rest.envelope.envelope",
    "ringfence.portal.middleware.setup_gate",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "ringfence.portal.confirm.wish.confirm_wishes",
    "ringfence.portal.webaccess.gate.AdministratorGate",
    "ringfence.portal.signin.sessions.live_session",
    "ringfence.portal.middleware.own_clock",
    "ringfence.portal.language.own_language",
    "ringfence.portal.middleware.refusals",
    "ringfence.portal.signin.duties.duties",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ringfence.portal.system.menu.menu",
                "ringfence.portal.confirm.views.unconfirmed",
            ],
            "builtins": ["django.templatetags.i18n", "ringfence.portal.system.templatetags.ringfence"],
        },
    }
]


def _database(url: str) -> dict[str, Any]:
    if not url:
        return _sqlite()
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError("RINGFENCE_DATABASE_URL must begin with postgresql:// (leave it out for SQLite)")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        # Compiling a query costs more than any of the portal's lists takes without.
        "OPTIONS": {"options": "-c jit=off"},
    }


def _sqlite() -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": places.DATABASE_FILE,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
    }


DATABASES = {"default": _database(os.environ.get("RINGFENCE_DATABASE_URL", ""))}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "ringfence.portal.webaccess.gate.AdministratorPlace",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"

SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 12 * 3600  # a session's own end is the setting web_session_lifetime
CSRF_FAILURE_VIEW = "ringfence.portal.system.views.form_too_old"
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0  # the first certificate is self-signed: a browser that remembers HSTS would lock its owner out
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# One limiter for pages and API: too many failures close the portal for that address, never SIP.
AXES_LOCKOUT_PARAMETERS = ["ip_address"]
AXES_FAILURE_LIMIT = "ringfence.portal.security.weblogin.failure_limit"
AXES_COOLOFF_TIME = "ringfence.portal.security.weblogin.block_time"
AXES_LOCKOUT_CALLABLE = "ringfence.portal.security.weblogin.locked_out"
AXES_CLIENT_IP_CALLABLE = "ringfence.portal.client_address.counted_address"
AXES_RESET_ON_SUCCESS = False  # or an insider's own sign-in would buy new guesses at somebody else's password
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
SILENCED_SYSTEM_CHECKS = ["axes.W001"]

# allauth keeps second factors. Its own limiter is off: it would lock an account for its owner too.
ACCOUNT_ADAPTER = "ringfence.portal.signin.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
MFA_RATE_LIMITS = False
MFA_ADAPTER = "ringfence.portal.signin.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # a clock may be 30 seconds off (RFC 6238, 5.2)
MFA_RECOVERY_CODE_DIGITS = 10  # of codes that an older version made: they lie there as a seed
MFA_WEBAUTHN_USER_VERIFICATION = "required"

STATIC_URL = "/static/"
STATIC_ROOT = places.PATHS.static
STATICFILES_DIRS = [Path(__file__).parent / "static"]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [Path(__file__).parent / "locale"]
LANGUAGE_COOKIE_SECURE = True
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Strict"
USE_I18N = True

LOGGING: Final = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"axes": {"level": "ERROR"}, "django.request": {"level": "ERROR"}},
}
