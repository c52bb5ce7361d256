"""Addresses of the history."""

from django.urls import path

from webui.history import dashboard, export, pages

urlpatterns = [
    path("draws/", pages.history, name="history"),
    path("draws/charts/", dashboard.show, name="charts"),
    path("draws/export.csv", export.export, {"ending": "csv"}, name="export_csv"),
    path("draws/export.json", export.export, {"ending": "json"}, name="export_json"),
]
