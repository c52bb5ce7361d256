"""Addresses of the live view."""

from django.urls import path

from webui.live import views

urlpatterns = [
    path("", views.live, name="live"),
    path("events", views.events, name="live_events"),
]
