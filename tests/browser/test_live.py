"""The live view as people see it: real draws, real clients, in a real browser."""

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Locator, Page, expect

from fifod.client import Client
from tests.browser.conftest import OpenVisit, Visit
from tests.browser.deeds import clear_clients
from tests.browser.visits import NARROW, PHONE
from tests.browser.world import World
from tests.classic.bridges import Bridge
from tests.waiting import DEADLINE


def watch(visit: Visit, name: str = "alice") -> Page:
    """The page, once the stream is open, without the clients of a test that failed."""
    visit.become(name)
    visit.page.goto("/live/")
    expect(visit.page.locator("#live[data-ready]")).to_be_visible()
    clear_clients(visit.page)
    return visit.page


def log(page: Page) -> Locator:
    return page.locator("#log > li:visible")


def line(page: Page, serial: int) -> Locator:
    return page.locator(f'#log > li[data-serial="{serial}"]')


def draw_in_a_shell(world: World, *arguments: str) -> int:
    """By the client that comes with fifod; returns the serial number."""
    command = [sys.executable, "-m", "fifod.cli", *(arguments or ("5",)), "--json"]
    environment = {**os.environ, **world.daemon.environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE, check=True)
    found = re.search(r'"serialNumber": ?(\d+)', done.stdout)
    assert found, done.stdout
    return int(found[1])


def add(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_label("Name of the new client").fill(name)
        page.get_by_role("button", name="Add").click()
        expect(page.locator(".client-card h3", has_text=name)).to_be_visible()


def test_a_draw_made_in_a_shell_shows_up(visit: Visit) -> None:
    page = watch(visit)
    serial = draw_in_a_shell(visit.world, "uuids", "2", "--purpose", "not for others")
    expect(line(page, serial)).to_contain_text(f"draw {serial} generateUUIDs by fifo")
    expect(line(page, serial)).to_contain_text(re.compile(r"\d\d:\d\d:\d\d\.\d{6}"))
    expect(page.locator("#ledger-newest")).to_contain_text(str(serial))
    assert "not for others" not in page.content()


def test_ones_own_draw_has_its_purpose_and_leads_to_its_receipt(visit: Visit) -> None:
    page = watch(visit)
    [serial] = draw_as_alice(visit, 1, "who brings <b>cake</b>")
    expect(line(page, serial)).to_contain_text("who brings <b>cake</b>")
    expect(line(page, serial).get_by_role("link")).to_have_attribute("href", f"/draws/{serial}/")


def test_who_may_read_all_draws_gets_to_their_receipts(open_visit: OpenVisit) -> None:
    for name, links in (("audrey", 1), ("alice", 0)):
        page = watch(visit := open_visit(), name)
        serial = draw_in_a_shell(visit.world)
        expect(line(page, serial)).to_be_visible()
        expect(line(page, serial).get_by_role("link")).to_have_count(links)


def draw_as_alice(visit: Visit, count: int, purpose: str) -> list[int]:
    [[number]] = visit.site.rows("SELECT id FROM auth_user WHERE username = 'alice'")
    with Client(str(visit.daemon.run), user=f"{number}:alice") as client:
        return [client.integers(3, purpose=purpose).serial_number for _ in range(count)]


def test_ones_newest_draws_grow_at_the_top_and_are_ten_at_most(visit: Visit) -> None:
    page = watch(visit)
    newest = page.get_by_role("region", name="Your newest draws").get_by_role("listitem")
    [first] = draw_as_alice(visit, 1, "who brings <b>cake</b>")
    expect(newest.first).to_contain_text(f"Draw {first} generateIntegers “who brings <b>cake</b>”")
    expect(newest.first.get_by_role("link")).to_have_attribute("href", f"/draws/{first}/")
    foreign = draw_in_a_shell(visit.world)
    serials = draw_as_alice(visit, 11, "many")
    expect(newest.first).to_contain_text(f"Draw {serials[-1]} ")
    expect(newest).to_have_count(10)
    expect(newest.last).to_contain_text(f"Draw {serials[1]} ")
    expect(newest.filter(has_text=f"Draw {foreign} ")).to_have_count(0)
    expect(page.get_by_text("You have not drawn yet.")).to_be_hidden()


def test_two_clients_race_show_their_bytes_and_go(visit: Visit) -> None:
    page = watch(visit)
    add(page, "Ann", "Ben & <i>Co</i>")
    expect(page.locator("#part-rows .client")).to_have_count(3)
    page.get_by_role("button", name="All at once").click()
    expect(page.get_by_text("Served in this order: 1. ")).to_contain_text(re.compile("Ann.*Ben|Ben.*Ann"))
    ann = page.locator(".client-card", has_text="Ann")
    expect(ann.locator(".result")).to_contain_text(re.compile(r"Draw \d+: \d+( \d+){4}$"))
    ann.get_by_text("Steps and bytes").click()
    expect(ann.locator("tbody tr")).to_have_count(6)
    # Before or after the daemon has it: the end of writing is known here only when that is done.
    written = ann.locator("tbody tr", has_text="request written")
    expect(written).to_contain_text(re.compile(r"[\d,]+ µs.*request written: \d+ bytes"))
    expect(ann.locator(".bytes pre").first).to_contain_text('"reply":"••••"')
    expect(ann.locator(".bytes pre").last).to_contain_text('"serialNumber":')
    expect(page.locator("#part-rows .pipe.unmade")).to_have_count(0)
    clear_clients(page)
    expect(page.locator("#part-rows .client")).to_have_count(1)


def test_a_client_sends_what_one_chooses(visit: Visit) -> None:
    page = watch(visit)
    add(page, "Ann")
    card = page.locator(".client-card")
    card.get_by_label("How many").fill("2")
    card.get_by_label("Smallest").fill("7")
    card.get_by_label("Largest").fill("8")
    card.get_by_role("button", name="Send").click()
    expect(card.locator(".result")).to_contain_text(re.compile(r"Draw \d+: [78] [78]$"))
    card.get_by_label("Smallest").fill("9")
    card.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("The smallest value must not exceed")
    visit.forgive("400")
    clear_clients(page)


def test_a_wide_name_stays_inside_its_box_and_is_given_once(visit: Visit) -> None:
    page = watch(visit)
    name = "W" * 24
    add(page, name)
    part = page.locator("#part-rows .client").last
    expect(part.locator("title")).to_have_text(name)
    expect(part.locator("text")).to_have_text(re.compile("^W+…$"))
    box, text = part.locator("rect").bounding_box(), part.locator("text").bounding_box()
    assert box and text
    assert box["x"] < text["x"] and text["x"] + text["width"] < box["x"] + box["width"]
    page.get_by_label("Name of the new client").fill(name.lower())
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("One of your clients has this name already.")
    expect(page.locator(".client-card")).to_have_count(1)
    visit.forgive("400")
    clear_clients(page)


def test_pause_lets_events_wait_and_each_step_shows_one(visit: Visit) -> None:
    page = watch(visit)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#state")).to_have_text("Paused")
    serials = [draw_in_a_shell(visit.world) for _ in range(3)]
    expect(page.locator("#state")).to_have_text("Paused · waiting: 3")
    expect(line(page, serials[0])).to_have_count(0)
    page.get_by_role("button", name="One step").click()
    expect(line(page, serials[0])).to_be_visible()
    expect(line(page, serials[1])).to_have_count(0)
    expect(page.locator("#state")).to_have_text("Paused · waiting: 2")
    page.get_by_role("button", name="Go on").click()
    expect(line(page, serials[2])).to_be_visible()
    expect(page.locator("#state")).to_have_text("Following")


def test_slow_motion_shows_the_same_steps_with_their_real_times(visit: Visit) -> None:
    page = watch(visit)
    add(page, "Ann")
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Speed").select_option("200 times slower")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#state")).to_have_text("Paused · waiting: 8")  # six steps, the result, and the draw in the log
    page.get_by_role("button", name="Go on").click()
    card = page.locator(".client-card")
    # Seven things before it, and each takes up to four seconds on a machine that is slow itself.
    expect(card.locator(".result")).to_contain_text("Draw", timeout=2 * 1000 * DEADLINE)
    card.get_by_text("Steps and bytes").click()
    expect(card.locator("tbody tr")).to_have_count(6)
    micros = [int(re.sub(r"\D", "", text)) for text in card.locator("td.micros").all_inner_texts()]
    assert micros == sorted(micros)
    clear_clients(page)


def test_the_log_is_filtered_and_cleared(visit: Visit) -> None:
    page = watch(visit)
    uuid, integer = draw_in_a_shell(visit.world, "uuids", "1"), draw_in_a_shell(visit.world)
    expect(line(page, integer)).to_be_visible()
    page.get_by_label("Method").select_option("generateUUIDs")
    expect(line(page, integer)).to_be_hidden()
    expect(line(page, uuid)).to_be_visible()
    page.get_by_label("Method").select_option("all")
    page.get_by_label("Text", exact=True).fill(f"draw {integer} ")
    expect(log(page)).to_have_count(1)
    page.get_by_label("Text", exact=True).fill("")
    page.get_by_label("Way in").select_option("classic")
    expect(line(page, integer)).to_be_hidden()
    page.get_by_label("Way in").select_option("all")
    page.get_by_role("button", name="Clear the log").click()
    expect(page.locator("#log > li")).to_have_count(0)
    later = draw_in_a_shell(visit.world)
    expect(log(page)).to_have_count(1)
    expect(line(page, later)).to_be_visible()


def test_the_newest_is_said_aloud_now_and_then(visit: Visit) -> None:
    page = watch(visit)
    serial = draw_in_a_shell(visit.world)
    spoken = page.locator("#log-speaker")
    expect(spoken).to_contain_text(f"draw {serial}")
    expect(spoken).to_have_attribute("aria-live", "polite")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")


@pytest.mark.parametrize("part", ["requests", "daemon", "ledger", "replies", "clients"])
def test_each_part_opens_its_note_by_keyboard(open_visit: OpenVisit, part: str) -> None:
    page = watch(open_visit())
    page.locator(f'#picture a[href="#note-{part}"]').first.focus()
    page.keyboard.press("Enter")
    note = page.locator(f"#note-{part}")
    expect(note.locator("summary")).to_be_focused()
    expect(note.locator("pre").first).to_be_visible()


def test_a_command_is_copied_or_at_least_selected(open_visit: OpenVisit) -> None:
    page = watch(open_visit())
    page.get_by_text("The request FIFO", exact=True).last.click()
    page.evaluate("window.setTimeout = () => 0")  # the button would have its own words again after two seconds
    page.locator("#note-requests button.copy").first.click()
    expect(page.locator("#note-requests button.copy").first).to_have_text(re.compile("Copied|Selected"))


# Parts are busy for less than half a second, and nobody can say when one looks: so the page notes what it showed.
_NOTE = """() => {
  const picture = document.getElementById("picture");
  window.shown = [];
  new MutationObserver(() => {
    for (const what of [".part.busy", ".dot"]) if (picture.querySelector(what)) window.shown.push(what);
  }).observe(picture, {subtree: true, childList: true, attributes: true});
}"""


def test_who_wants_no_movement_sees_states_change_only(open_visit: OpenVisit) -> None:
    visit = open_visit()
    visit.page.emulate_media(reduced_motion="reduce")
    page = watch(visit)
    page.evaluate(_NOTE)
    expect(line(page, draw_in_a_shell(visit.world))).to_be_visible()
    expect(page.locator(".part.busy")).to_have_count(0)
    assert set(page.evaluate("window.shown")) == {".part.busy"}


def test_without_script_it_says_that_it_needs_it(open_visit: OpenVisit) -> None:
    visit = open_visit("alice", scripts=False)
    visit.page.goto("/live/")
    words = visit.page.locator("noscript p")  # Playwright's locators by text leave out what stands there
    expect(words).to_be_visible()
    expect(words).to_contain_text("needs JavaScript")
    expect(visit.page.get_by_role("heading", name="Your newest draws")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Pause")).to_be_hidden()


def test_it_says_when_the_daemon_does_not_run(open_visit: OpenVisit) -> None:
    visit = open_visit()
    page = watch(visit)
    expect(page.locator("#daemon-state")).to_have_text("runs")
    visit.daemon.stop()
    try:
        expect(page.locator("#daemon-state")).to_have_text("does not run")
        add(page, "Ann")
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".client-card .result")).to_contain_text("The daemon does not run")
    finally:
        visit.daemon.start()
    expect(page.locator("#daemon-state")).to_have_text("runs")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".client-card .result")).to_contain_text("Draw")
    clear_clients(page)


def test_a_bridge_shows_who_signals_whom(open_visit: OpenVisit) -> None:
    visit = open_visit()
    page = watch(visit)
    expect(page.locator("#classic")).to_be_hidden()
    run = str(visit.daemon.run)
    with Bridge(visit.daemon, FIFOD_CLASSIC_DIR=run) as bridge:
        expect(page.locator("#classic")).to_be_visible()
        environment = {**bridge.client_environment, "FIFOD_CLASSIC_DIR": run}
        asker = subprocess.Popen([sys.executable, "-m", "fifod.cli", "classic", "5"], env=environment)
        assert asker.wait(DEADLINE) == 0
        pid = bridge.process.pid
        steps = page.locator(".bridge .steps")
        expect(steps).to_contain_text(f"SIGUSR1: {pid} → {asker.pid}")
        expect(steps).to_contain_text(f"SIGUSR1: {asker.pid} → {pid}")
        expect(page.locator(".bridge .asker-pid")).to_have_text(f"PID {asker.pid}")
        bridge.stop()
    expect(page.locator("#classic")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("size", [PHONE, NARROW])
def test_it_fits_a_phone(open_visit: OpenVisit, size: tuple[int, int], language: str) -> None:
    page = watch(open_visit(size=size, language=language))
    page.locator("#client-name").fill("a name of 24 characters!")
    page.locator("#add-client button").click()
    expect(page.locator(".client-card")).to_be_visible()
    page.locator("#note-clients summary").click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator(".client-card .remove").click()
    expect(page.locator(".client-card")).to_have_count(0)
