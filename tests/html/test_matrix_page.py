"""The coverage page: it stands alone, filters, and opens what is behind a cell, by mouse and by keyboard."""
import os
import pathlib
import re

import pytest
from records import write_record
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

NASTY = "</script><script>window.broken = 1</script><!-- <b>log & all</b> \u2028 end\n"
TREE = {"url": "https://example.org/acme/bsp", "commit": "c" * 40, "directory": "kernel/linux", "nar": "0123456789abcdef" * 4, "vendor": "acme",
        "missing": ["drivers/large.h"], "executable": True}


@pytest.fixture(scope="session")
def page_file(tmp_path_factory):
    from swage_cli import Swage, catalog_without_evidence, made_up_lock
    directory = tmp_path_factory.mktemp("page")
    swage = Swage(directory / "home", directory)
    swage.home.mkdir()
    (swage.home / "swage.lock").write_text(made_up_lock(swage))
    place = directory / "evidence"
    write_record(place, log="booting\nswage-boot-ok: Linux (none) 6.1.176 arm64\n")
    write_record(place, toolchain="llvm-bookworm-14-arm64", provider="llvm", compiler="clang", compiler_version="14.0.6", binutils=None)
    write_record(place, platform="mipsel", toolchain="debian-bookworm-gcc-12-mipsel", state="failed", log=NASTY, signature="powerpc-stbcix",
                 reason="'linux-6.1.176-mipsel' did not build: builder ended with status 2", next="debian-trixie-gcc-14-mipsel")
    write_record(place, platform="s390x", toolchain="debian-bookworm-gcc-12-s390x", state="built", boot_drv=None, boot_nar=None, userland=None,
                 banner=None, boot_seconds=None)
    for platform in ["armhf", "x86_64", "riscv64"]:
        write_record(place, kernel="6.12.107", platform=platform, toolchain=f"debian-trixie-gcc-14-{platform}", compiler_version="14.2.0")
    write_record(place, kernel="4.9.115", platform="i686", toolchain="debian-bullseye-gcc-9-i686", compiler_version="9.3.0", tree=TREE)
    swage("matrix", "--catalog", catalog_without_evidence(directory), "--evidence", place, "--html", directory / "matrix.html").ok()
    return directory / "matrix.html"


@pytest.fixture
def page(browser, page_file):
    browser.get("about:blank")
    browser.get(page_file.as_uri())
    browser.get_log("browser")
    browser.get(page_file.as_uri() + "?fresh")
    yield browser
    problems = [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"]
    assert not problems, problems


def shown(page):
    """Cells that a person sees, counted by the browser's own layout, and what the page says."""
    seen = page.execute_script("return [...document.querySelectorAll('.cell')].filter(c => c.offsetParent !== null && "
                               "getComputedStyle(c).visibility === 'visible').map(c => c.dataset.key)")
    text = page.find_element(By.ID, "shown").text
    assert text.startswith(f"{len(seen)} ")
    return seen


def cell(page, key):
    return page.find_element(By.CSS_SELECTOR, f'.cell[data-key="{key}"]')


def test_it_needs_nothing_else(page_file):
    text = page_file.read_text()
    assert not re.search(r'(?:src|href)\s*=\s*"(?!data:)|@import|url\(|fetch\(|XMLHttp', text)
    assert NASTY not in text and str(page_file.parent) not in text and "@DATA@" not in text


def test_it_shows_every_cell_and_counts_them(page):
    kernels = page.find_elements(By.CSS_SELECTOR, "#matrix tbody tr")
    arches = page.find_elements(By.CSS_SELECTOR, "thead th[data-arch]")
    assert len(shown(page)) == len(kernels) * len(arches) > 50
    counts = {b.get_attribute("data-state"): int(b.find_element(By.TAG_NAME, "b").text) for b in page.find_elements(By.CSS_SELECTOR, ".state")}
    assert counts["booted"] == 5 and counts["failed"] == 1 and counts["built"] == 1 and sum(counts.values()) == len(shown(page))
    assert "5 of" in page.find_element(By.ID, "about").text
    assert cell(page, "6.1/arm64").get_attribute("aria-label").startswith(
        "linux 6.1 on arm64: booted (gcc 12.2.0, binutils 2.40), booted (clang 14.0.6)")


def test_headers_stay_in_sight(page):
    page.execute_script("document.body.style.height = '420px'; const s = document.getElementById('scroll'); s.style.maxWidth = '500px';"
                        "s.scrollTop = 200; s.scrollLeft = 150")
    top = page.execute_script("const s = document.getElementById('scroll').getBoundingClientRect();"
                              "const h = document.querySelector('thead th:nth-child(4)').getBoundingClientRect();"
                              "const r = document.querySelector('tbody tr:nth-child(9) th').getBoundingClientRect(); return [h.top - s.top, r.left - s.left,"
                              " document.getElementById('scroll').scrollTop, document.getElementById('scroll').scrollLeft]")
    assert top[2] > 50 and top[3] > 50, "nothing was scrolled"
    assert 0 <= top[0] < 5 and 0 <= top[1] < 30


def test_filters_change_what_is_shown(page):
    everything = shown(page)
    Select(page.find_element(By.ID, "arch")).select_by_value("arm64")
    assert shown(page) == [key for key in everything if key.endswith("/arm64")]
    Select(page.find_element(By.ID, "kernel")).select_by_value("6.1")
    assert shown(page) == ["6.1/arm64"]
    page.find_element(By.ID, "reset").click()
    assert shown(page) == everything
    Select(page.find_element(By.ID, "compiler")).select_by_value("clang")
    Select(page.find_element(By.ID, "provider")).select_by_value("debian")
    assert shown(page) == [], "one entry must fit both"
    assert page.find_element(By.ID, "none").is_displayed()
    page.find_element(By.ID, "reset").click()
    for state in ["resolved", "impossible", "built", "failed"]:
        page.find_element(By.CSS_SELECTOR, f".state[data-state={state}]").click()
    assert sorted(shown(page)) == ["4.9.115-acme/i686", "6.1/arm64", "6.12/armhf", "6.12/riscv64", "6.12/x86_64"]
    assert page.find_element(By.CSS_SELECTOR, ".state[data-state=failed]").get_attribute("aria-pressed") == "false"
    page.find_element(By.ID, "reset").click()
    page.find_element(By.ID, "text").send_keys("stbcix mipsel")
    assert shown(page) == ["6.1/mipsel"]
    page.find_element(By.ID, "text").send_keys(" nothing-has-this")
    assert shown(page) == []


def test_a_cell_opens_its_panel(page):
    cell(page, "6.1/arm64").click()
    panel = page.find_element(By.ID, "panel")
    assert panel.is_displayed() and page.execute_script("return location.hash") == "#6.1/arm64"
    text = panel.text
    for part in ["linux 6.1 on arm64", "booted", "6.1.176", "debian-bookworm-gcc-12-arm64", "gcc 12.2.0, binutils 2.40", "2026-01-31", "kernel 2 m 11 s on 2 cores",
                 "boot 4 s", "qemu-system-made-up -M virt", "Linux version 6.1.176 (made up)", "swage-boot-ok: Linux (none) 6.1.176 arm64",
                 "because its compiler's release is"]:
        assert part in text, part
    assert panel.find_element(By.CSS_SELECTOR, ".log").text == "booting\nswage-boot-ok: Linux (none) 6.1.176 arm64"
    panel.find_elements(By.CSS_SELECTOR, "[role=tab]")[1].click()
    assert "clang 14.0.6" in panel.text and "llvm-bookworm-14-arm64" in panel.text
    assert panel.find_element(By.CSS_SELECTOR, ".command").text == "swage verify --replay linux@6.1.176 --for arm64 --toolchain llvm-bookworm-14-arm64"


def test_a_cell_of_a_tree_says_which_and_how_to_repeat_it(page):
    button = cell(page, "4.9.115-acme/i686")
    assert "tree" in button.get_attribute("class").split() and ", of a tree" in button.get_attribute("aria-label")
    assert "tree" not in cell(page, "6.1/arm64").get_attribute("class").split()
    button.click()
    panel = page.find_element(By.ID, "panel")
    for part in ["https://example.org/acme/bsp", "c" * 40, "below kernel/linux", TREE["nar"], "acme", "drivers/large.h", "execute bits"]:
        assert part in panel.text, part
    place = f"https://example.org/acme/bsp#{'c' * 40}:kernel/linux"
    assert panel.find_element(By.CSS_SELECTOR, ".command").text == (
        f"swage verify --replay linux@4.9.115 --for i686 --toolchain debian-bullseye-gcc-9-i686 --src {place}")
    cell(page, "4.9.115-acme/armhf").click()   # nobody has tried it: with the same tree
    assert panel.find_element(By.CSS_SELECTOR, ".command").text.endswith(f" --src {place} --vendor acme")
    page.find_element(By.ID, "text").send_keys("acme/bsp")
    assert "4.9.115-acme/i686" in shown(page) and "6.1/arm64" not in shown(page)


def test_a_series_unfolds_to_its_releases(page, page_file):
    folded = shown(page)
    button = page.find_element(By.CSS_SELECTOR, 'tr[data-kernel="6.1"] th button')
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    rows = [row.get_attribute("data-kernel") for row in page.find_elements(By.CSS_SELECTOR, "tr.release") if row.is_displayed()]
    assert "6.1.176" in rows and len(rows) > 1 and rows == sorted(rows, key=lambda r: [int(part) for part in r.split(".")], reverse=True)
    assert "6.1/6.1.176/arm64" in [c.get_attribute("data-key") for c in page.find_elements(By.CSS_SELECTOR, ".cell") if c.is_displayed()]
    cell(page, "6.1/6.1.176/arm64").click()
    assert page.find_element(By.CSS_SELECTOR, "#panel h2").text == "linux 6.1.176 on arm64"
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    page.find_element(By.ID, "text").send_keys("stbcix mipsel")
    assert [c.get_attribute("data-key") for c in page.find_elements(By.CSS_SELECTOR, ".cell") if c.is_displayed()] == ["6.1/mipsel", "6.1/6.1.176/mipsel"]
    page.find_element(By.ID, "reset").click()
    button.click()
    assert button.get_attribute("aria-expanded") == "false" and shown(page) == folded
    assert not page.find_elements(By.CSS_SELECTOR, 'tr[data-kernel="4.9.115-acme"] th button')   # has one
    page.get(page_file.as_uri() + "?release#6.1/6.1.176/mipsel")
    assert page.find_element(By.CSS_SELECTOR, "#panel h2").text == "linux 6.1.176 on mipsel"


def test_a_failure_shows_its_log_as_it_is(page):
    cell(page, "6.1/mipsel").click()
    panel = page.find_element(By.ID, "panel")
    log = page.execute_script("return document.querySelector('#panel .log').textContent")
    assert log == NASTY
    assert not page.execute_script("return window.broken")
    assert "did not build: builder ended with status 2. Its log is known: powerpc-stbcix. Next best: debian-trixie-gcc-14-mipsel." in panel.text


def test_an_impossible_cell_says_why(page):
    key = next(c.get_attribute("data-key") for c in page.find_elements(By.CSS_SELECTOR, ".cell") if ": impossible" in c.get_attribute("aria-label"))
    cell(page, key).click()
    tab = page.find_element(By.CSS_SELECTOR, "#panel [role=tab]")
    tab.click()
    text = page.find_element(By.ID, "panel").text
    assert "constraints" in text and "rejected" in text and "--explain" in text


def test_the_keyboard_is_enough(page):
    body = page.find_element(By.TAG_NAME, "body")
    body.send_keys("/")
    assert page.switch_to.active_element.get_attribute("id") == "text"
    for _ in range(12):
        page.switch_to.active_element.send_keys(Keys.TAB)
        if "cell" in (page.switch_to.active_element.get_attribute("class") or ""):
            break
    first = page.switch_to.active_element.get_attribute("data-key")
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    page.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    second = page.switch_to.active_element.get_attribute("data-key")
    assert first.split("/")[0] != second.split("/")[0] and first.split("/")[1] != second.split("/")[1]
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert page.find_element(By.ID, "panel").is_displayed()
    assert page.switch_to.active_element.get_attribute("aria-label") == "close details"
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not page.find_element(By.ID, "panel").is_displayed()
    assert page.switch_to.active_element.get_attribute("data-key") == second


def test_a_link_leads_to_a_cell(page, page_file):
    page.get(page_file.as_uri() + "?link#6.1/mipsel")
    assert page.find_element(By.CSS_SELECTOR, "#panel h2").text == "linux 6.1 on mipsel"


def test_light_and_dark_are_legible(page):
    """Contrast of every state's text on its ground, by the formula of WCAG: at least 4.5 to 1."""
    script = """
      const lum = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
                         return .2126 * r + .7152 * g + .0722 * b; };
      return [...document.querySelectorAll('.state')].map(n => { const s = getComputedStyle(n); const a = lum(s.color), b = lum(s.backgroundColor);
                         return [n.dataset.state, s.backgroundColor, (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]; });"""
    grounds = []
    for _ in range(2):
        for state, ground, contrast in page.execute_script(script):
            assert contrast >= 4.5, (state, ground, contrast)
            grounds.append(ground)
        page.find_element(By.ID, "theme").click()
    assert len(set(grounds)) == 10, "the button changes every colour"


def test_it_can_be_looked_at(page, tmp_path):
    """SWAGE_PICTURES=DIR keeps the pictures."""
    directory = pathlib.Path(os.environ.get("SWAGE_PICTURES", tmp_path))

    def picture(name):
        page.save_screenshot(str(directory / name))
        assert (directory / name).stat().st_size > 20_000, "an empty page is smaller"

    picture("light.png")
    cell(page, "6.1/arm64").click()
    picture("panel.png")
    page.find_element(By.ID, "theme").click()
    cell(page, "6.1/mipsel").click()
    picture("dark.png")


def test_images_are_below_the_kernels(browser, page_file):
    browser.get(page_file.as_uri())
    images = browser.find_element(By.ID, "images")
    assert images.is_displayed() and re.match(r"\d+ images", images.find_element(By.TAG_NAME, "summary").text)
    images.find_element(By.TAG_NAME, "summary").click()
    rows = {row.find_element(By.TAG_NAME, "td").text: row.text for row in images.find_elements(By.CSS_SELECTOR, "tbody tr")}
    assert "no record" in rows["image/virt-arm64-minimal"] and "Raspberry Pi 3 Model B" in rows["image/rpi3-minimal"]
