"""Addresses of the live view."""

from django.urls import path

from webui.live import views

urlpatterns = [
    path("", views.live, name="live"),
    path("events", views.events, name="live_events"),
    path("clients/", views.add, name="live_add"),
    path("clients/send/", views.send, name="live_send"),
    path("clients/<int:number>/remove/", views.remove, name="live_remove"),
]
