"""The form for a new password."""

from typing import Any

from django.contrib.auth.forms import PasswordChangeForm
from django.utils.translation import gettext_lazy as _


class NewPasswordForm(PasswordChangeForm):
    """Django's, with what is asked of a password in one sentence in place of a list."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = _("8 characters or more, no common password, and not like your name.")
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""
