"""Which database a project's migrations run on, by the files that say so."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mrt_lint.setup.environment import EnvironmentFacts, dialect_of
from mrt_lint.setup.file_text import text_of

COMPOSE: Final = (
    "docker-compose*.yml",
    "docker-compose*.yaml",
    "compose*.yml",
    "compose*.yaml",
    ".devcontainer/docker-compose*.yml",
)
PIPELINES: Final = (".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml")
_DEPENDENCIES: Final = ("requirements*.txt", "requirements/*.txt", "pyproject.toml", "setup.cfg", "setup.py", "Pipfile")

_IMAGE: Final = re.compile(
    r"^(?!\s*#).*?image['\"]?\s*:\s*['\"]?(?P<image>[^\s'\"#]+)|^\s*-\s*(?:name:\s*)?['\"]?(?P<service>\w[\w./-]*:[\w.-]+)['\"]?\s*$",
    re.MULTILINE,
)
_KIND: Final = re.compile(
    r"(?:^|/)(?:(?P<postgresql>postgres|postgresql|postgis|timescaledb|timescaledb-ha|pgvector)|(?P<mysql>mysql|mysql-server|percona)"
    r"|(?P<mariadb>mariadb))(?::(?P<tag>[\w.-]+))?$"
)
_DEFAULT: Final = re.compile(r"\$\{\w+:?-([^}]*)\}")
_VERSION: Final = re.compile(r"(?:^|.*pg)(\d+(?:\.\d+)?)")
_DRIVERS: Final = {
    "postgresql": re.compile(r"^[\s'\"-]*(psycopg|asyncpg|pg8000)", re.MULTILINE | re.IGNORECASE),
    "mysql": re.compile(r"^[\s'\"-]*(pymysql|mysqlclient|aiomysql|asyncmy|mysql-connector)", re.MULTILINE | re.IGNORECASE),
}


@dataclass(frozen=True)
class DatabaseEvidence:
    """A dialect, its version where that is known, and the words that name the place."""

    dialect: str
    where: str
    version: str = ""

    @property
    def text(self) -> str:
        """The dialect with its version."""
        return f"{self.dialect} {self.version}".rstrip()


def find_database(places: tuple[Path, ...], configuration: Path, environment: EnvironmentFacts | None) -> DatabaseEvidence | None:
    """Return what the best of the sources in some folders says, the project's first.

    SQLite only if nothing names a server, for it serves many only on a desk, and not if env.py gets the URL from outside.
    """
    named = [*_configured(configuration), *_read(environment, places[0])]
    served = [
        evidence
        for place in dict.fromkeys(places)
        for patterns in (COMPOSE, PIPELINES)
        for evidence in _images(place, patterns, places[0])
    ]
    needed = [evidence for place in dict.fromkeys(places) for evidence in _drivers(place)]
    evidence = [*named, *served, *needed]
    is_set_outside = environment is not None and bool(environment.variables)
    best = next((found for found in evidence if found.dialect != "sqlite"), None) or next(
        iter([] if is_set_outside else evidence), None
    )
    if best is None or best.version:
        return best
    # a URL of MySQL is MariaDB's as well, and only the image says which of them it is, and how old
    related = {best.dialect, "mariadb"} if best.dialect == "mysql" else {best.dialect}
    return next((found for found in served if found.dialect in related), best)


def _configured(configuration: Path) -> Iterator[DatabaseEvidence]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(configuration, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return
    for section in parser.sections():
        dialect = dialect_of(parser.get(section, "sqlalchemy.url", fallback=""))
        if dialect:
            yield DatabaseEvidence(dialect, f"sqlalchemy.url in {configuration.name}")


def _read(environment: EnvironmentFacts | None, root: Path) -> Iterator[DatabaseEvidence]:
    if environment and environment.dialect:
        yield DatabaseEvidence(environment.dialect, f"{_below(environment.file, root)} and what it imports")


def _images(root: Path, patterns: tuple[str, ...], project: Path) -> Iterator[DatabaseEvidence]:
    """Yield the images of database servers; of a repository's files first those that name the project's folder."""
    name = re.compile(rf"(?<![\w-]){re.escape(project.name)}(?![\w-])")
    for file in sorted(_files(root, patterns), key=lambda file: project != root and not name.search(text_of(file))):
        for match in _IMAGE.finditer(text_of(file)):
            image = _DEFAULT.sub(r"\1", match["image"] or match["service"])
            kind = _KIND.search(image.partition("@")[0])
            if kind:
                dialect = next(name for name in ("postgresql", "mysql", "mariadb") if kind[name])
                yield DatabaseEvidence(dialect, f"{image} in {_below(file, root)}", _version(dialect, kind["tag"] or ""))


def _version(dialect: str, tag: str) -> str:
    found = _VERSION.match(tag)
    if not found:
        return ""
    return found[1].partition(".")[0] if dialect == "postgresql" else found[1]


def _drivers(root: Path) -> Iterator[DatabaseEvidence]:
    for file in _files(root, _DEPENDENCIES):
        text = text_of(file)
        for dialect, drivers in _DRIVERS.items():
            driver = drivers.search(text)
            if driver:
                yield DatabaseEvidence(dialect, f"{driver[1].lower()} in {_below(file, root)}")


def _files(root: Path, patterns: tuple[str, ...]) -> list[Path]:
    return [file for pattern in patterns for file in sorted(root.glob(pattern)) if file.is_file()]


def _below(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if root in file.parents else file.name
