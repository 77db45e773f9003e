"""Pages of the site that are files of the repository's root, and links between the two: a hook of MkDocs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
_LINK: Final = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the root's pages, in which links start one folder higher."""
    for name, page in PAGES.items():
        text = _LINK.sub(lambda link: f"]({_from_root(link[1], config)}{link[2] or ''})", (ROOT / name).read_text(encoding="utf-8"))
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """Lead links out of docs/ to the root's pages."""
    up = "../" * page.file.src_uri.count("/")
    return _LINK.sub(lambda link: f"]({up}{PAGES[link[1][3:]]}{link[2] or ''})" if link[1][3:] in PAGES else link[0], markdown)


def _from_root(link: str, config: Any) -> str:
    """Return what a link of a root's page is in docs/: another page, a file below, or a file of the repository."""
    if link in PAGES:
        return PAGES[link]
    return link.removeprefix("docs/") if link.startswith("docs/") else f"{config.extra['repository']}/blob/main/{link}"
