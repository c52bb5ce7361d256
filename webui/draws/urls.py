"""The addresses of the draw page."""

from django.urls import path

from webui.draws import views

urlpatterns = [
    path("", views.draw, name="draw"),
    path("check/", views.check, name="check"),
]
