"""Django's settings. What differs between machines comes from the environment (environment.py)."""

from pathlib import Path
from typing import Any

from webui import environment, logs
from webui.receipts.tokens import without_tokens

_ENVIRONMENT = environment.read()
_HERE = Path(__file__).resolve().parent

RUNTIME_DIR = _ENVIRONMENT.runtime_dir
STATE_DIR = _ENVIRONMENT.state_dir
LEDGER_DIR = STATE_DIR / "ledger"
METRICS_TOKEN_FILE = _ENVIRONMENT.metrics_token_file
JOURNAL = _ENVIRONMENT.journal
SUPERVISOR = _ENVIRONMENT.supervisor

SECRET_KEY = _ENVIRONMENT.secret_key
DEBUG = False
ALLOWED_HOSTS = _ENVIRONMENT.hosts

INSTALLED_APPS = [
    "webui.people.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "webui.history",
    "webui.draws",
    "webui.receipts",
    "webui.live",
    "webui.people",
    "webui.service",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webui.headers.ContentSecurityPolicyMiddleware",
    "webui.statics.StaticFilesMiddleware",
    "webui.people.sessions.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "webui.people.sessions.AuthenticationMiddleware",
    "webui.bodies.BodyLimitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "webui.urls"
WSGI_APPLICATION = "webui.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webui.service.context.names_proven",
                "webui.service.context.daemon_is_stopped",
            ],
        },
    },
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _ENVIRONMENT.database,
        "CONN_MAX_AGE": None,  # the threads that answer stay (serving.py), and so do their connections
        "OPTIONS": {
            # Seconds that a writer waits for another; IMMEDIATE makes it wait at the start, where waiting works.
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            # NORMAL: a power cut may undo the last transactions, and the recorder repeats them from the ledger.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32768;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["webui.people.backend.AccountBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "draw"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [_HERE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "webui.formats"

STATIC_URL = "static/"
STATICFILES_DIRS = [_HERE / "static"]
# Static files are served from where the packages hold them: nothing to collect, nothing that can be out of date.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Room for a list of names; what may go to other pages, bodies.py says.
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

SESSION_ENGINE = "webui.people.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "webui.draws.problems.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

BEHIND_TLS = _ENVIRONMENT.behind_tls
if BEHIND_TLS:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # Browsers take these names only over TLS, for this host alone and for all of its paths.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrftoken"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]  # asked on this machine, behind the proxy
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    # Whether all names below this host's use TLS too, its owner knows and the proxy can say.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(name)s: %(levelname)s: %(message)s"}},
    "filters": {
        "news": {"()": "django.utils.log.CallbackFilter", "callback": logs.is_news},
        "short": {"()": "django.utils.log.CallbackFilter", "callback": logs.shorten_refusal},
        "without_tokens": {"()": "django.utils.log.CallbackFilter", "callback": without_tokens},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["news", "short", "without_tokens"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # What staff does to the service stands in the journal, too.
    "loggers": {"webui.service.acts": {"level": "INFO"}},
}
