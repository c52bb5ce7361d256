"""Addresses of the draw pages."""

from django.urls import path, register_converter

from webui.draws import views


class SerialConverter:
    """A serial number: 1 or more, and small enough for any database."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        """From the address."""
        return int(value)

    def to_url(self, value: int) -> str:
        """Into an address."""
        return str(value)


register_converter(SerialConverter, "serial")

urlpatterns = [
    path("", views.draw, name="draw"),
    path("draws/", views.history, name="history"),
    path("draws/<serial:serial>/", views.show, name="receipt"),
    path("draws/<serial:serial>/receipt.json", views.save, name="save"),
]
