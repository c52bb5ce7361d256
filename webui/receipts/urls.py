"""Addresses of receipts."""

from django.urls import path, register_converter

from webui.receipts import public, views
from webui.receipts.converters import SerialConverter

register_converter(SerialConverter, "serial")

urlpatterns = [
    path("draws/<serial:serial>/", views.show, name="receipt"),
    path("draws/<serial:serial>/check/", views.examine, name="check"),
    path("draws/<serial:serial>/seed/", views.prove, name="prove"),
    path("draws/<serial:serial>/receipt.json", views.save, name="save"),
    path("draws/<serial:serial>/list/", views.compare, name="compare"),
    path("draws/<serial:serial>/links/", views.open_to_public, name="open_to_public"),
    path("draws/<serial:serial>/links/<serial:number>/revoke/", views.close_to_public, name="close_to_public"),
    path("r/<token>/", public.show, name="public"),
    path("r/<token>/check/", public.examine, name="public_check"),
    path("r/<token>/seed/", public.prove, name="public_prove"),
    path("r/<token>/list/", public.compare, name="public_compare"),
    path("r/<token>/receipt.json", public.save, name="public_save"),
]
