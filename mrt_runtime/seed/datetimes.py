"""Dates and times, written as ISO text, which every database reads."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mrt_runtime.seed.value import Value, ValuePool
from mrt_runtime.seed.value_kind import ColumnSlot, Raw

# no two parts are alike, so that one that is lost or changes its place shows
BASE = dt.datetime(2021, 3, 4, 5, 6, 7, 891234, tzinfo=dt.timezone.utc)


@dataclass(frozen=True, slots=True)
class Datetimes:
    """Dates, times and both; `digits` after the second (`pad` writes them always), `zone` with an offset from UTC."""

    part: Literal["date", "time", "moment"] = "moment"
    zone: bool = False
    digits: int = 6
    earliest: dt.datetime = dt.datetime(1901, 12, 13, 20, 45, 51, 999_999, tzinfo=dt.timezone.utc)
    latest: dt.datetime = dt.datetime(2038, 1, 19, 3, 14, 8, 999_999, tzinfo=dt.timezone.utc)

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        # A minute a column and a day a row (a day and a month, for dates): what is declared later is later, as in begin and end.
        row, column = {
            "time": (dt.timedelta(seconds=1), dt.timedelta(minutes=1)),
            "date": (dt.timedelta(days=30), dt.timedelta(days=1)),
            "moment": (dt.timedelta(days=1), dt.timedelta(minutes=1)),
        }[self.part]
        typical = tuple(self._write(BASE + column * slot.place + row * n, "+00:00") for n in slot.ordinals)
        edges = (self._write(self.earliest, "-03:30"), self._write(self.latest, "+05:45"))
        if self.part == "time":
            edges = (self._write(BASE.replace(hour=0, minute=0, second=0, microsecond=0), "-03:30"), edges[1])
        bare = self._write(dt.datetime(1970, 1, 2, tzinfo=dt.timezone.utc), "+00:00")
        return ValuePool(typical=typical, edges=edges, bare=(bare,), place=slot.place)

    def _write(self, moment: dt.datetime, offset: str) -> str:
        if self.part == "date":
            return moment.strftime("%Y-%m-%d")
        form = "%H:%M:%S" if self.part == "time" else "%Y-%m-%d %H:%M:%S"
        fraction = f".{moment.microsecond:06d}"[: self.digits + 1] if self.digits else ""
        return moment.strftime(form) + fraction + (offset if self.zone else "")

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""
        text = str(raw).strip().replace("Z", "+00:00")
        if len(text) >= 3 and text[-3] in "+-":  # noqa: PLR2004 PostgreSQL writes "+00"
            text += ":00"
        with contextlib.suppress(ValueError, OverflowError):
            read = dt.datetime.fromisoformat("2000-01-01 " + text if self.part == "time" else text)
            step = dt.timedelta(hours=1) if self.part == "time" else dt.timedelta(days=1)
            for near in (read, read + step, read - step):
                yield self._write(near.replace(tzinfo=None), "+00:00")
