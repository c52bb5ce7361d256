"""Every page of the site and how one gets to see it, for screenshots and for the tests that go through all pages."""

from dataclasses import dataclass

from tests.browser.contents import ROTA
from tests.browser.deeds import (
    DRAW,
    SEND,
    Deed,
    clear_clients,
    fill_in,
    follow_public_link,
    forget_cookies,
    grow,
    guess,
    nothing,
    press,
    prove_secret,
    then,
    unfold,
)
from tests.browser.visits import Visit


@dataclass(frozen=True)
class Sight:
    """A page in one of its states.

    `route` is its address as access.txt writes it. `address`, if it differs, has words of contents.py between braces.
    `status` is the first answer's, `later` that of the page to which a deed leads.
    """

    name: str
    route: str
    address: str = ""
    who: str = "alice"
    deed: Deed = nothing
    status: int = 200
    later: int = 200

    def visit(self, visit: Visit, words: dict[str, str]) -> None:
        """Go there, and do what is to be done."""
        if self.who:
            visit.become(self.who)
        answer = visit.page.goto((self.address or self.route).format_map(words))
        assert answer and answer.status == self.status, f"{answer and answer.status} instead of {self.status}"
        self.deed(visit.page)
        visit.forgive(*(str(status) for status in (self.status, self.later) if status != 200))


_CLIENT = then(
    clear_clients,
    fill_in(name="Ada"),
    press("#add-client button", ".client-card"),
    press(".client-card button[type=submit]", ".client-card .result:not(:empty)"),
    unfold(".client-card details"),
)
_COMPARE = then(fill_in(list="\n".join(ROTA)), press("#list form button", "#list .verdict"))
_CHECK = then(press(".check .button", ".verdict"), unfold())
_TRY_SEED = then(fill_in(seed="5e" * 32), press("#check .seed button", "#check .error"))
_KINDS = ("integers", "pick", "shuffle", "sequences", "decimals", "gaussians", "strings", "uuids", "blobs")
_RECEIPTS = ("integers", "many", "sequences", "decimals", "gaussians", "strings", "uuids", "blobs", "secret")
_ADMIN = (
    ("index", "", ""),
    ("app", "<app_label>/", "auth/"),
    ("draws", "history/draw/", ""),
    ("draws-found", "history/draw/", "history/draw/?q=rota"),
    ("draw", "history/draw/<object_id>/change/", "history/draw/{pick}/change/"),
    ("draw-changes", "history/draw/<object_id>/history/", "history/draw/{pick}/history/"),
    ("positions", "history/recorderposition/", ""),
    ("position", "history/recorderposition/<object_id>/change/", "history/recorderposition/1/change/"),
    ("position-changes", "history/recorderposition/<object_id>/history/", "history/recorderposition/1/history/"),
    ("users", "auth/user/", ""),
    ("user", "auth/user/<object_id>/change/", "auth/user/{nina}/change/"),
    ("user-new", "auth/user/add/", ""),
    ("user-password", "auth/user/<id>/password/", "auth/user/{nina}/password/"),
    ("user-delete", "auth/user/<object_id>/delete/", "auth/user/{nina}/delete/"),
    ("user-changes", "auth/user/<object_id>/history/", "auth/user/{nina}/history/"),
    ("groups", "auth/group/", ""),
    ("group", "auth/group/<object_id>/change/", "auth/group/1/change/"),
    ("group-changes", "auth/group/<object_id>/history/", "auth/group/1/history/"),
    ("links", "receipts/publiclink/", ""),
    ("link", "receipts/publiclink/<object_id>/change/", "receipts/publiclink/{link}/change/"),
    ("link-delete", "receipts/publiclink/<object_id>/delete/", "receipts/publiclink/{link}/delete/"),
    ("link-changes", "receipts/publiclink/<object_id>/history/", "receipts/publiclink/{link}/history/"),
    ("log", "admin/logentry/", ""),
    ("log-entry", "admin/logentry/<object_id>/change/", "admin/logentry/{entry}/change/"),
    ("log-entry-changes", "admin/logentry/<object_id>/history/", "admin/logentry/{entry}/history/"),
    ("acts", "service/serviceact/", ""),
    ("act", "service/serviceact/<object_id>/change/", "service/serviceact/{act}/change/"),
    ("act-changes", "service/serviceact/<object_id>/history/", "service/serviceact/{act}/history/"),
)


def _receipt(word: str) -> Sight:
    return Sight(f"receipt-{word}", "/draws/<serial>/", f"/draws/{{{word}}}/")


def _draw(kind: str) -> Sight:
    return Sight(f"draw-{kind}", "/", f"/?what={kind}")


def _drawn(name: str, kind: str, **fields: str) -> Sight:
    return Sight(f"drawn-{name}", "/", f"/?what={kind}", deed=then(fill_in(**fields), press(DRAW, "#result .drawn")))


def _admin(name: str, route: str, address: str) -> Sight:
    return Sight(f"admin-{name}", f"/admin/{route}", address and f"/admin/{address}", "ada")


def _refused(name: str, deed: Deed, status: int) -> Sight:
    return Sight(
        name, "/login/", who="", deed=then(deed, fill_in(username="a", password="b"), press(SEND)), later=status
    )


def _wrong(name: str, address: str, deed: Deed, **fields: str) -> Sight:
    return Sight(name, address, deed=then(fill_in(**fields), deed))


SIGHTS = [
    Sight("login", "/login/", who=""),
    Sight("login-wrong", "/login/", who="", deed=guess("nobody", 1)),
    Sight("login-locked", "/login/", who="", deed=guess("mallory", 6), later=429),
    *map(_draw, _KINDS),
    _drawn("few", "integers", n="3", purpose="who begins"),
    _drawn("many", "integers", n="500"),
    _drawn("names", "shuffle", list="\n".join(ROTA), purpose="order of speakers"),
    _wrong("draw-wrong", "/", press(DRAW, ".alert, [aria-invalid=true]"), min="101", n="0"),
    Sight("draw-logged-out", "/", deed=then(forget_cookies, press(DRAW, ".alert")), later=403),
    *map(_receipt, _RECEIPTS),
    *map(_receipt, ("repeatable", "wordy", "pick", "again")),
    Sight("receipt-of-another", "/draws/<serial>/", "/draws/{pick}/", "audrey"),
    Sight(
        "receipt-checked",
        "/draws/<serial>/",
        "/draws/{pick}/",
        deed=_CHECK,
    ),
    Sight(
        "receipt-linked",
        "/draws/<serial>/links/",
        "/draws/{strings}/",
        deed=press("#links form[action$='/links/'] button", "#new-link"),
    ),
    Sight("public", "/r/<token>/", "/draws/{integers}/", deed=follow_public_link),
    Sight("public-checked", "/r/<token>/check/", "/draws/{gaussians}/", deed=then(follow_public_link, _CHECK)),
    Sight("receipt-list", "/draws/<serial>/list/", "/draws/{pick}/", deed=_COMPARE),
    Sight("public-list", "/r/<token>/list/", "/draws/{again}/", deed=then(follow_public_link, _COMPARE)),
    Sight("receipt-seed-wrong", "/draws/<serial>/seed/", "/draws/{secret}/", deed=_TRY_SEED),
    Sight("public-seed-wrong", "/r/<token>/seed/", "/draws/{secret}/", deed=then(follow_public_link, _TRY_SEED)),
    Sight("receipt-proved", "/draws/<serial>/seed/", "/?what=strings", deed=prove_secret),
    Sight("public-gone", "/r/<nonsense>/", "/r/nothing/", who="", status=404),
    Sight("check", "/draws/<serial>/check/", "/draws/{secret}/check/"),
    Sight("history", "/draws/"),
    Sight("history-filtered", "/draws/", "/draws/?method=generateIntegers&mark=repeatable&since=2026-01-01"),
    Sight("history-none-found", "/draws/", "/draws/?q=nothing+like+this"),
    Sight("history-all", "/draws/", who="audrey"),
    Sight("charts", "/draws/charts/"),
    Sight("history-empty", "/draws/", who="nina"),
    Sight("live", "/live/"),
    Sight("live-notes", "/live/", deed=unfold()),
    Sight("live-client", "/live/", deed=_CLIENT),
    Sight("service", "/service/", who="oscar"),
    Sight("service-asks", "/service/", who="oscar", deed=unfold(".acts details")),
    Sight("account", "/account/"),
    Sight("password", "/account/password/"),
    _wrong("password-wrong", "/account/password/", press(SEND), old_password="x", new_password1="y", new_password2="z"),
    *(_admin(*place) for place in _ADMIN),
    Sight("admin-permissions", "/admin/auth/user/<object_id>/change/", "/admin/auth/user/{nina}/change/", "susan"),
    Sight("error-403", "/service/", who="nina", status=403),
    Sight("error-404", "/draws/<missing>/", "/draws/{foreign}/", status=404),
    _refused("error-413", grow, 413),
    _refused("error-csrf", forget_cookies, 403),
    Sight("error-500", "/draws/", "{broken}/draws/", status=500),
]
"""All of them, in the order in which one meets them."""

NO_PAGES = (
    "/draws/<serial>/receipt.json",
    "/r/<token>/receipt.json",
    "/draws/export.csv",
    "/draws/export.json",
    "/live/events",
    "/service/fresh/",
    "/check/",
    "/admin/jsi18n/",
)
"""Addresses that answer with something, but with no page: files, and parts of pages."""
