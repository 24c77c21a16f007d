"""The documentation says what the code does."""

import re
from pathlib import Path

import pytest

from sidecar.config import Config, parse_yaml, settings
from tests.project import configuration_page

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config" / "sidecar.example.yaml"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_setting_is_documented() -> None:
    """docs/configuration.md is what the models say: no setting without its meaning, none that isn't there."""
    assert all(setting.meaning.endswith(".") for setting in settings())
    assert configuration_page.PAGE.read_text(encoding="utf-8") == configuration_page.page()


def test_the_example_configuration_loads() -> None:
    """Who copies the example has a file that is taken."""
    Config.load(EXAMPLE)


def test_the_example_configuration_shows_every_setting_at_its_default() -> None:
    """With every # before a setting taken away the file still loads, names each setting, and changes none.

    Settings of mappings that are absent, such as `sign_in.htpasswd.file`, have none to be shown at.
    """
    shown = re.sub(r"^( *)# ?(?=\S+:( |$))", r"\1", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    document = parse_yaml(EXAMPLE, shown)
    mentioned = {path for key, value in document.items() for path in _paths(key, value)}
    assert mentioned == {setting.path for setting in settings() if setting.path.count(".") < 2}
    assert Config.of(EXAMPLE, document) == Config.load(EXAMPLE)


def test_every_decision_that_is_cited_is_written_down() -> None:
    """A "decision 5" in a docstring leads to docs/decisions/0005-….md, whose title has that number, and it alone; none is left out."""
    sources = [
        file.read_text(encoding="utf-8") for folder in ("sidecar", "tests") for file in (ROOT / folder).rglob("*.py")
    ]
    cited = {int(number) for source in sources for number in re.findall(r"[Dd]ecision (\d+)", source)}
    written = [(int(file.name[:4]), file) for file in (ROOT / "docs/decisions").glob("*.md")]
    numbers = {number for number, _ in written}
    assert sorted(number for number, _ in written) == list(range(1, len(written) + 1))
    assert all(file.read_text(encoding="utf-8").startswith(f"# {number}. ") for number, file in written)
    assert cited <= numbers


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link to a file of ours finds it, and the heading that it names there."""
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    ours = [link.partition("#") for link in links if "://" not in link]
    targets = [(page.parent / path if path else page, heading) for path, _, heading in ours]
    assert [path for path, _ in targets if not path.exists()] == []
    assert [(path.name, heading) for path, heading in targets if heading and heading not in _headings(path)] == []


def test_the_readme_names_every_page() -> None:
    """A page that the README doesn't lead to is found by nobody."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in readme] == []


def _headings(page: Path) -> set[str]:
    """As GitHub calls them in links."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _paths(key: str, value: object) -> list[str]:
    return [f"{key}.{name}" for name in value] if isinstance(value, dict) else [key]
