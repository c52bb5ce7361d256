"""Addresses of accounts."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from webui.people import views

urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", views.account, name="account"),
    path("account/password/", views.ChangePassword.as_view(), name="password_change"),
    path("account/sessions/end-others/", views.end_other_sessions, name="end_other_sessions"),
    path("account/sessions/<int:number>/end/", views.end_session, name="end_session"),
]
