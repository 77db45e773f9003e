"""Where an enum becomes a text, rows written after the upgrade hold words that it did not list."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TYPES = {
    "postgres": (
        'sa.Enum("sad", "ok", name="mood")',
        ', postgresql_using="m::mood"',
        '\n    op.execute("DROP TYPE IF EXISTS mood")',
    ),
    "mysql": ('sa.Enum("sad", "ok")', "", ""),
}


@pytest.mark.parametrize("server", TYPES)
@pytest.mark.parametrize("first", ["", "op.execute(\"UPDATE t SET m = 'ok' WHERE m NOT IN ('sad', 'ok')\")\n    "])
def test_the_way_back_meets_them(project, request, server, first):
    kind, using, drop = TYPES[server]
    project.add(
        "001",
        upgrade=f'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("m", {kind}, nullable=False))',
        downgrade=f'op.drop_table("t"){drop}',
    )
    project.add(
        "002",
        "001",
        upgrade=f'op.alter_column("t", "m", existing_type={kind}, type_=sa.String(20), existing_nullable=False)',
        downgrade=f'{first}op.alter_column("t", "m", existing_type=sa.String(20), type_={kind}, existing_nullable=False{using})',
    )
    with Verification(project.config(db_url=request.getfixturevalue(f"{server}_url"))) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is Outcome.REVERSIBLE
    assert [warning.startswith("With rows written after the upgrade: Downgrade failed") for warning in verdict.warnings] == (
        [] if first else [True]
    )
