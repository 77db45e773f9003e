"""In which order rows are written that a migration asks for, and under which keys."""

from __future__ import annotations

from functools import partial

from mrt_runtime.seed.case_twins import write_case_twins
from mrt_runtime.seed.copied_nulls import RowWork, write_children_of_nulls
from mrt_runtime.seed.linked_rows import write_linked_rows
from mrt_runtime.seed.repeated_values import write_repeated_rows
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.table_filler import TableFiller
from mrt_runtime.seed.wanted_rows import write_wanted_rows


def list_steps(bound: TableFiller, freed: TableFiller, plain: TableFiller, seeded: Seeded) -> list[tuple[RowWork, TableFiller]]:
    """Return what writes rows, each with how tables are filled; those that go by other rows come after all of these.

    bound: under the keys that are to come, `freed` without those of the next migration where it deletes duplicates, `plain` as
    the tables are.
    """
    of_nulls = partial(write_children_of_nulls, seeded=seeded)
    return [
        (write_wanted_rows, bound),
        (write_repeated_rows, freed),
        (write_linked_rows, bound),
        (of_nulls, bound),
        (write_case_twins, plain),
    ]
