"""Addresses of the history."""

from django.urls import path

from webui.history import pages

urlpatterns = [path("draws/", pages.history, name="history")]
