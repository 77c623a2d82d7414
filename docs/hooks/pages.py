"""The pages that nobody writes by hand: of options, fixtures, keys, commands and profiles, as the code has them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

from mkdocs.structure.files import File
from of_profiles import profile_pages
from of_reference import reference_pages

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROW = re.compile(r"^ *\|.*$", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The profiles' pages in the navigation, one each."""
    for part in config.nav or []:
        if isinstance(part, dict) and "Profiles" in part:
            part["Profiles"] = list(profile_pages())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages, beside those that lie in the folder."""
    pages: dict[str, Any] = {**reference_pages(), **profile_pages()}
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, **_more: Any) -> str:
    """Bars within code in tables: repositories want a backslash before them, and this Markdown none."""
    unescaped = re.compile(r"`[^`]*`")
    return ROW.sub(lambda row: unescaped.sub(lambda code: code[0].replace("\\|", "|"), row[0]), markdown)
