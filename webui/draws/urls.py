"""The address of the draw page."""

from django.urls import path

from webui.draws import views

urlpatterns = [path("", views.draw, name="draw")]
