"""The JSON reports of all shards as the one that a run on a single machine would have written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrt_runtime.config import ConfigurationError
from mrt_runtime.report.json import from_json
from mrt_runtime.verdict import ToldObstacles, Verdict

SAME = {"version": "pytest-mrt {}", "dialect": "{}", "database": "a database of version {}", "count": "{} shards"}
"""What has to be the same in all reports, and how a message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardReport:
    """What a report holds."""

    path: Path
    version: str
    facts: dict[str, str]
    verdicts: tuple[Verdict, ...]
    stopped: str | None
    number: int
    count: int
    history: str

    @property
    def settings(self) -> dict[str, object]:
        """What has to be the same in all of them, under the names of `SAME`."""
        return {
            "version": self.version,
            "dialect": self.facts["dialect"],
            "database": self.facts["version"],
            "count": self.count,
        }


@dataclass(frozen=True, slots=True)
class MergedReport:
    """The run as a whole; `stopped` says why it ended before its last revision, where it did."""

    facts: dict[str, str]
    verdicts: tuple[Verdict, ...]
    stopped: str | None


def read(path: Path) -> ShardReport:
    """Read the report of a shard. Raises ConfigurationError where the file holds none."""
    try:
        document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        shard = document.get("shard")
        if shard is None:
            raise ConfigurationError(f"{path} is the report of a whole run: only those of `mrt verify --shard I/N` are merged.")
        return ShardReport(
            path=path,
            version=document["version"],
            facts=document["database"],
            verdicts=tuple(map(from_json, document["revisions"])),
            stopped=document["stopped"],
            number=shard["number"],
            count=shard["count"],
            history=shard["history"],
        )
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f"{path} is no report of this version: write it with `mrt verify --shard I/N --format json -o FILE`."
        ) from None


def merge(reports: Iterable[ShardReport]) -> MergedReport:
    """Put the shards together. Raises ConfigurationError where they are not those of one history, or not all."""
    found = sorted(reports, key=lambda report: report.number)
    first = found[0]
    for report in found:
        require_same(first, report)
    numbers = [report.number for report in found]
    missing = sorted(set(range(1, first.count + 1)) - set(numbers))
    twice = next((number for number in numbers if numbers.count(number) > 1), None)
    if missing:
        names = ", ".join(f"{number}/{first.count}" for number in missing)
        raise ConfigurationError(f"The report of shard {names} is missing: name the files of all {first.count}.")
    if twice is not None:
        raise ConfigurationError(f"Two reports are of shard {twice}/{first.count}: name each once.")
    obstacles = ToldObstacles()
    stops = [f"shard {report.number}/{report.count}: {report.stopped}" for report in found if report.stopped is not None]
    return MergedReport(
        facts=next((report.facts for report in found if "isolation_warning" in report.facts), first.facts),
        verdicts=tuple(obstacles.shorten(verdict) for report in found for verdict in report.verdicts),
        stopped="; ".join(stops) or None,
    )


def require_same(first: ShardReport, other: ShardReport) -> None:
    """Raise ConfigurationError where two reports are not of one run."""
    for name, words in SAME.items():
        one, another = first.settings[name], other.settings[name]
        if one != another:
            raise ConfigurationError(
                f"{first.path} is of {words.format(one)} and {other.path} of {words.format(another)}: "
                "verify all shards in the same way."
            )
    if first.history != other.history:
        raise ConfigurationError(
            f"{first.path} and {other.path} are not about the same revisions: "
            "verify all shards of one commit with the same options."
        )
