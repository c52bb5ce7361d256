"""The site's addresses."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from webui.service.views import healthz, metrics

urlpatterns = [
    path("", include("webui.draws.urls")),
    path("", include("webui.receipts.urls")),
    path("", include("webui.history.urls")),
    path("", include("webui.people.urls")),
    path("live/", include("webui.live.urls")),
    path("service/", include("webui.service.urls")),
    path("language/", set_language, name="set_language"),
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("favicon.ico", RedirectView.as_view(url=static("webui/icon.svg"))),
    path("admin/", admin.site.urls),
]
