"""Addresses of the service page."""

from django.urls import path

from webui.service import pages

urlpatterns = [
    path("", pages.show, name="service"),
    path("fresh/", pages.fresh, name="service_fresh"),
    path("ledger/verify/", pages.verify, name="service_verify"),
    path("ledger/cancel/", pages.cancel, name="service_cancel"),
    path("<slug:part>/<slug:verb>/", pages.act, name="service_act"),
]
