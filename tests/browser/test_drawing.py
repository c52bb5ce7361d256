import json

from playwright.sync_api import expect

from fifod.client import Client
from tests.browser.conftest import Visit


def test_a_person_logs_in_draws_and_finds_the_draw_in_the_history(visit: Visit) -> None:
    visit.log_in()
    receipt = visit.draw(How_many="7", Purpose="the raffle <b>")
    values = visit.page.locator(".drawn li").all_inner_texts()
    assert len(values) == 7 and all(1 <= int(value) <= 100 for value in values)
    # The recorder follows the ledger by itself: the promise is a second, the deadline allows for a busy machine.
    visit.page.goto("/draws/")
    serial = receipt.rstrip("/").rpartition("/")[2]
    row = visit.page.locator("tr", has_text="the raffle <b>", has=visit.page.locator(f'a[href="/draws/{serial}/"]'))
    while not row.count():
        visit.page.reload()
    row.get_by_role("link").click()
    assert visit.page.url == receipt
    assert visit.page.locator(".drawn li").all_inner_texts() == values


def test_a_reload_draws_nothing(visit: Visit) -> None:
    visit.log_in()
    visit.draw()
    drawn = len(visit.daemon.bodies("draw"))
    values = visit.page.locator(".drawn").inner_text()
    for _ in range(3):
        visit.page.reload()
    assert visit.page.locator(".drawn").inner_text() == values
    assert len(visit.daemon.bodies("draw")) == drawn


def test_another_persons_draw_is_not_found(visit: Visit) -> None:
    with Client(str(visit.daemon.run), user="99:somebody") as client:
        serial = client.integers(3, purpose="not for alice").serial_number
    visit.log_in()
    visit.page.goto(f"/draws/{serial}/")
    expect(visit.page.get_by_role("heading", name="Not found")).to_be_visible()
    assert any("404" in complaint for complaint in visit.complaints)
    visit.complaints.clear()


def test_the_admin_works_under_the_strict_policy(visit: Visit) -> None:
    visit.log_in("ada")
    visit.draw(Purpose="to be administered")
    visit.page.goto("/admin/history/draw/")
    expect(visit.page.get_by_role("heading", name="Select draw to view")).to_be_visible()
    visit.page.goto("/admin/auth/user/")
    expect(visit.page.get_by_role("link", name="alice", exact=True)).to_be_visible()


def test_a_person_saves_the_receipt_of_a_draw(visit: Visit) -> None:
    visit.log_in()
    serial = int(visit.draw().rstrip("/").rpartition("/")[2])
    with visit.page.expect_download() as download:
        visit.page.get_by_role("link", name="Save receipt").click()
    assert download.value.suggested_filename == f"fifod-draw-{serial}.json"
    saved = json.loads(download.value.path().read_bytes())
    assert list(map(str, saved["data"])) == visit.page.locator(".drawn li").all_inner_texts()


def test_many_values_stand_in_a_box_that_says_that_it_scrolls(visit: Visit) -> None:
    visit.log_in()
    visit.draw(How_many="1000")
    box = visit.page.get_by_role("region", name="Values").and_(visit.page.locator(".box"))
    expect(box).to_have_accessible_description("All 1000 values are in this box: scroll it to see the rest.")
    box.focus()
    visit.page.keyboard.press("End")
    expect(box.locator("li").last).to_be_in_viewport()


def test_no_page_is_wider_than_the_screen(visit: Visit) -> None:
    visit.log_in()
    receipt = visit.draw(How_many="1000", Purpose="W" * 400)
    for address in ("/", receipt, "/draws/", "/no/such/page"):
        visit.page.goto(address)
        assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    visit.complaints.clear()
