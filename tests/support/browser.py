"""A headless Chromium that opens a page and measures what people see."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)

# The contrast of text is that of WCAG 2, against the background of the page, a mark or a box.
MEASURE = """
const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
  .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const numbers = color => color.match(/[\\d.]+/g).map(Number);
function measure(frame) {
  const page = frame.contentDocument, style = e => frame.contentWindow.getComputedStyle(e);
  const behind = e => {
    for (let at = e; at; at = at.parentElement) {
      const color = numbers(style(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const contrast = e => {
    const [ink, page] = [numbers(e.closest("svg") ? style(e).fill : style(e).color), behind(e)].map(light);
    return (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
  };
  const has_text = e => [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
  const shown = [...page.querySelectorAll("body *")].filter(e => has_text(e) && e.getClientRects().length);
  const cut = [...page.querySelectorAll("svg text")].filter(e => {
    const [text, chart] = [e, e.ownerSVGElement].map(e => e.getBoundingClientRect());
    return text.width && (text.left < chart.left - 1 || text.right > chart.right + 1 || text.bottom > chart.bottom + 1);
  });
  return {
    width: page.documentElement.clientWidth, scrolled: page.documentElement.scrollWidth,
    texts: shown.length,
    contrast: Math.min(...shown.map(contrast)), background: numbers(style(page.body).backgroundColor),
    charts: [...page.querySelectorAll("svg")].map(e => e.getBoundingClientRect().width),
    cut: cut.map(e => e.textContent), requests: frame.contentWindow.performance.getEntriesByType("resource").length,
  };
}
addEventListener("load", () => {
  const all = [...document.querySelectorAll("iframe")].map(measure);
  document.title = JSON.stringify(all);
});
"""


def measured(html: str, folder: Path, widths: list[int], *, dark: bool) -> list[dict[str, Any]]:
    """What a page is like in a window of each width, with the lines of the browser's console.

    Each window is a frame of one page, as Chromium has no window below 500 pixels.
    """
    style = "border: 0; height: 900px; width"
    frames = [f'<iframe style="{style}: {width}px" srcdoc="{escape(html)}"></iframe>' for width in widths]
    outer = folder / "outer.html"
    outer.write_text(f"<!doctype html><meta charset=utf-8><script>{MEASURE}</script>{''.join(frames)}", "utf-8")
    # 0 is dark, 1 is light.
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    done = _browse(folder, "--enable-logging=stderr", scheme, "--dump-dom", outer.as_uri())
    title = re.search(r"<title>(.*)</title>", done.stdout)
    assert title is not None, done.stderr
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return [page | {"console": console} for page in json.loads(unescape(title[1]))]


def printed(html: str, folder: Path) -> bytes:
    """The page as PDF, as it would be printed."""
    page, pdf = folder / "page.html", folder / "page.pdf"
    page.write_text(html, "utf-8")
    _browse(folder, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.as_uri())
    return pdf.read_bytes()


def _browse(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    own = f"--user-data-dir={folder / 'browser'}"
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", own, "--window-size=1400,900", *flags]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
