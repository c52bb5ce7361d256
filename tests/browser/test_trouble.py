from playwright.sync_api import expect

from tests.browser.conftest import Visit


def test_the_page_says_what_to_do_while_the_daemon_is_stopped(visit: Visit) -> None:
    visit.log_in()
    visit.daemon.stop()
    try:
        visit.page.get_by_label("How many").fill("3")
        visit.page.get_by_role("button", name="Draw", exact=True).click()
        expect(visit.page.get_by_role("alert")).to_contain_text("The draw service is not running. Nothing was drawn.")
        assert visit.page.get_by_label("How many").input_value() == "3"
    finally:
        visit.daemon.start()
    assert any("503" in complaint for complaint in visit.complaints)
    visit.complaints.clear()
    visit.page.get_by_role("button", name="Draw", exact=True).click()
    expect(visit.page.locator(".drawn li")).to_have_count(3)
    expect(visit.page.get_by_role("alert")).to_have_count(0)
