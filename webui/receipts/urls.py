"""Addresses of receipts."""

from django.urls import path, register_converter

from webui.receipts import views
from webui.receipts.converters import SerialConverter

register_converter(SerialConverter, "serial")

urlpatterns = [
    path("draws/<serial:serial>/", views.show, name="receipt"),
    path("draws/<serial:serial>/check/", views.examine, name="check"),
    path("draws/<serial:serial>/receipt.json", views.save, name="save"),
]
