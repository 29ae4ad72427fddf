"""`docs/running.md` has every setting, as `throughline.options` has it."""

from pathlib import Path

from throughline.options import settings_page

PAGE = Path(__file__).parents[2] / "docs" / "running.md"


def test_the_page_lists_every_setting_with_its_default() -> None:
    written = PAGE.read_text().split("<!-- settings -->\n")[1]
    assert written == settings_page(), "put the text of throughline.options.settings_page() behind the marker"
