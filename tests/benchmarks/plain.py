"""A Django project with nothing but one view, served by Django's own handler, with the middleware of new projects."""

from __future__ import annotations

from django.conf import settings

NEW_PROJECTS = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="nothing is signed here",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=NEW_PROJECTS,
)

from django.core.asgi import get_asgi_application  # noqa: E402 - needs the settings, as all below
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

from tests.benchmarks.answer import ANSWER  # noqa: E402

__all__ = ["application"]


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    """Nothing but the answer."""
    return JsonResponse(ANSWER)


urlpatterns = [path("bare", bare)]
application = get_asgi_application()
