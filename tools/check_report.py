#!/usr/bin/env python3
"""Open a report of `retina report` in headless Chromium and check that it works.

Asserts: no console error and no request to any address; it opens in under a second and is under 5 MB; arrow keys, the slider and the
address move the marked time; what is taken away as CSV and JSON equals `retina probe`; dark theme, phone width and paper have
no sideways scrolling of the page. Writes screenshots, and the report on paper, for a person to look at.

Example (Debian: apt-get install chromium poppler-utils; pip install playwright numpy):

    retina report Models/salamander-whitenoise.safetensors Stimuli/battery.json --output report.html
    retina probe Models/salamander-whitenoise.safetensors Stimuli/battery.json --cell 1 --output probe
    python3 tools/check_report.py report.html --probe probe --cell 1 --output pictures
"""

import argparse
import csv
import io
import json
import statistics
import subprocess
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

SIZE_BOUND, SECONDS_BOUND = 5e6, 1.0


def taken_away(page, file, kind):
    """The text of a file that a button gives when it is pressed with the keyboard."""
    button = page.locator(f'button[data-file="{file}"][data-kind="{kind}"]')
    button.evaluate("button => { const part = button.closest('details'); if (part) part.open = true; }")
    with page.expect_download() as download:
        button.press("Enter")
    return Path(download.value.path()).read_bytes().decode()


def check_numbers(page, cell, probe):
    """Compares what the report gives away of a cell with what `retina probe` wrote."""
    report = json.loads(taken_away(page, f"cell-{cell}", "json"))
    table = list(csv.DictReader(io.StringIO(taken_away(page, f"cell-{cell}", "csv"), newline="")))
    compared = 0
    for stimulus in report["stimuli"]:
        folder = probe / stimulus["name"]
        if not folder.is_dir():
            continue
        rows = [row for row in table if row["stimulus"] == stimulus["name"]]
        assert [int(row["frame"]) for row in rows] == [stimulus["first_frame"] + i for i in range(len(rows))]
        for layer, values in stimulus["contributions"].items():
            expected = np.load(folder / layer / "attribution.npy")
            np.testing.assert_array_equal(np.array(values, np.float32), expected)
            given = np.array([[row[f"{layer} {i}"] for i in range(expected.shape[1])] for row in rows], np.float64)
            np.testing.assert_array_equal(given.astype(np.float32), expected)
            summary = json.loads((folder / layer / "summary.json").read_text())
            np.testing.assert_array_equal(np.array(stimulus["rate"], np.float32),
                                          np.array(summary["f_input"], np.float32))
            compared += expected.size
    assert compared, f"no stimulus of the report is in {probe}"
    return compared


def check_tables(context, address):
    """Every table gives the same numbers as CSV and as JSON."""
    page = context.new_page()
    page.goto(address)
    names = page.eval_on_selector_all("button[data-file]", "all => all.map(one => one.dataset.file)")
    names = sorted({name for name in names if not name.startswith("cell-")})
    for place, name in enumerate(names):
        # Chromium asks a person after ten downloads of one page.
        if place % 5 == 0:
            page.close()
            page = context.new_page()
            page.goto(address)
        rows = json.loads(taken_away(page, name, "json"))
        lines = list(csv.DictReader(io.StringIO(taken_away(page, name, "csv"), newline="")))
        assert len(rows) == len(lines)
        for row, line in zip(rows, lines):
            assert list(row) == list(line)
            for key, value in row.items():
                if isinstance(value, str):
                    assert line[key] == value
                else:
                    assert (line[key] == "") if value is None else float(line[key]) == value, (name, key, line[key], value)
    page.close()
    return names


def wait_until(page, expression, argument=None):
    """Waits for a function of the page to say yes; the page's own policy forbids Playwright's way, which evaluates text."""
    for _ in range(100):
        if page.evaluate(expression, argument):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression} ({argument})")


def check_keyboard(page):
    """Arrow keys, slider, buttons and address move the marked time; the first stop of the tabulator skips to the report."""
    frame = lambda: int(page.inner_text("#clock").split()[1].rstrip(","))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.querySelector('.cell').scrollIntoView({behavior: 'instant'})")
    wait_until(page, "() => document.querySelector('.cell .said').textContent")
    start = frame()
    sentence = page.inner_text(".cell .said")
    page.keyboard.press("ArrowLeft")
    assert frame() == start - 1
    wait_until(page, "said => document.querySelector('.cell .said').textContent !== said", sentence)
    page.keyboard.press("ArrowRight")
    assert frame() == start
    wait_until(page, "said => document.querySelector('.cell .said').textContent === said", sentence)
    page.keyboard.press("Shift+ArrowLeft")
    first = page.evaluate("JSON.parse(document.getElementById('data').textContent).firstFrame")
    assert frame() == max(start - 10, first)
    page.focus("#slider")
    before = frame()
    page.keyboard.press("ArrowRight")
    assert frame() == before + 1
    address = page.evaluate("location.hash")
    assert address.endswith(f"/{before + 1}"), address
    page.select_option("#stimulus", index=page.locator("#stimulus option").count() - 1)
    assert page.evaluate("location.hash") != address
    page.evaluate("address => { location.hash = address }", address)
    wait_until(page, "frame => document.getElementById('clock').textContent.includes(`frame ${frame},`)", before + 1)
    focusable = page.eval_on_selector_all("button, a, select, input, summary", "all => all.every(one => one.tabIndex >= 0)")
    assert focusable
    named = page.eval_on_selector_all(
        "button, select, input", "all => all.every(one => one.ariaLabel || one.textContent.trim() || one.labels?.length)")
    assert named


def opening_seconds(context, address):
    """Median seconds from the start of navigation to the second frame after loading, of several new pages."""
    seconds = []
    for _ in range(5):
        page = context.new_page()
        page.goto(address)
        seconds.append(page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() / 1000))))"))
        page.close()
    return statistics.median(seconds)


def screenshots(browser, address, output, cell):
    for name, width, height, scheme in [("desktop", 1280, 900, "light"), ("dark", 1280, 900, "dark"),
                                        ("tablet", 820, 1100, "light"), ("phone", 390, 844, "light")]:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme,
                                      device_scale_factor=2 if name == "phone" else 1)
        page = context.new_page()
        page.goto(address)
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert sideways <= 0, f"{name}: the page is {sideways} pixels wider than the window"
        page.screenshot(path=output / f"{name}-top.png")
        page.evaluate("id => document.getElementById(id).scrollIntoView({behavior: 'instant'})", f"cell-{cell}")
        page.wait_for_timeout(200)
        page.screenshot(path=output / f"{name}-cell.png")
        for part in ["quality", f"cell-{cell}"]:
            page.locator(f"#{part}").screenshot(path=output / f"{name}-{part}.png")
        context.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--probe", type=Path, help="the folder that `retina probe` wrote for one of the cells")
    parser.add_argument("--cell", type=int, default=1, help="that cell")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--output", type=Path, required=True, help="folder for pictures")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    size, address = options.report.stat().st_size, options.report.resolve().as_uri()
    assert size < SIZE_BOUND, f"{size} bytes"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium)
        context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        errors, requests = [], []
        context.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on("request", lambda request: requests.append(request.url))
        page = context.new_page()
        page.goto(address)
        check_keyboard(page)
        tables = check_tables(context, address)
        other = context.new_page()
        other.goto(address)
        compared = check_numbers(other, options.cell, options.probe) if options.probe else 0
        other.close()
        page.click("#peak")
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.pdf(path=options.output / "paper.pdf", prefer_css_page_size=True, print_background=True)
        page.close()
        seconds = opening_seconds(context, address)
        screenshots(browser, address, options.output, options.cell)
        browser.close()
    assert not errors, errors
    outside = [url for url in requests if not url.startswith(("file:", "data:", "blob:"))]
    assert not outside, outside
    assert seconds < SECONDS_BOUND, f"{seconds:.2f} s to open"
    subprocess.run(["pdftoppm", "-r", "50", "-png", options.output / "paper.pdf", options.output / "paper"], check=True)
    print(f"{options.report}: {size / 1e6:.2f} MB, opens in {seconds:.2f} s; {len(tables)} tables and {compared} contributions are "
          f"exact; pictures in {options.output}")


if __name__ == "__main__":
    main()
