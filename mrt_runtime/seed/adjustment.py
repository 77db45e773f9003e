"""Other rows for a second judgement: what fails only with rows that an application may never write is reported apart."""

from __future__ import annotations

import enum

from mrt_runtime.seed.value import RowVariety


class Adjustment(enum.Enum):
    """What is changed about the rows, one after the other, for as long as an upgrade fails with them."""

    EDGES = "rows at the edge of their types, so judged without them"
    ORPHANS = "rows without a match in a table that it joins them with or makes them refer to, so judged without them"
    UNMET = "rows whose match does not meet what its UPDATE asks of it, so judged without them"
    TARGETS = "rows that are there before it inserts its own, so judged without them"
    LOOKUPS = "rows that no migration wrote, in a table that migrations make and fill, so judged without them"
    HELD = "rows that hold before the upgrade what its downgrade looks for, which no migration shows, so judged without them"
    SINGLES = "several rows in a table of which the migration reads a single one, so judged with one"
    COMPUTED = "values other than the rollback computes from the same row, so judged with those"
    CHILDREN = "rows that none of another table points at, so judged with one for each"
    NULLS = "rows that hold NULL"
    GUARDED = "several rows in tables for which it stops on purpose, so judged with one in each"
    REFUSED = "rows for which it stops on purpose, so judged without them"
    UNREADABLE = "made-up values that it cannot read, so judged without their rows"

    @property
    def varieties(self) -> frozenset[RowVariety]:
        """Which rows it takes out, that are to be made again."""
        taken: dict[Adjustment, tuple[RowVariety, ...]] = {
            Adjustment.EDGES: (RowVariety.EDGE,),
            Adjustment.TARGETS: (RowVariety.TYPICAL,),
            Adjustment.LOOKUPS: tuple(RowVariety),
            Adjustment.UNMET: tuple(RowVariety),
            Adjustment.SINGLES: (RowVariety.EDGE, RowVariety.BARE),
            Adjustment.GUARDED: (RowVariety.EDGE, RowVariety.BARE),
            Adjustment.NULLS: (RowVariety.BARE,),
        }
        return frozenset(taken.get(self, ()))

    @property
    def is_of_rows_made_up(self) -> bool:
        """Whether no application may have written such rows, so that what they break on the way back, or lose, only warns, too."""
        return self is Adjustment.EDGES or self in TABLES_APART


TABLES_APART = (Adjustment.LOOKUPS, Adjustment.HELD, Adjustment.SINGLES, Adjustment.COMPUTED)
"""Those that are about certain tables, whose rows an application does not write as it does others."""
LEFT_OUT = (Adjustment.REFUSED, Adjustment.UNREADABLE)
"""Those that leave tables without any of the rows that were made up."""
