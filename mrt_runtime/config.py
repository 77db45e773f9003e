"""How a verification is configured. Standard library only: every pytest run of every user imports it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from mrt_runtime.secret import MASK, NAME, scrub

SeedRows: TypeAlias = Callable[[], Iterable[Mapping[str, Any]]]
Settings = TypeVar("Settings")


class ConfigurationError(Exception):
    """Something that the user wrote, or did not write, stops the run: one sentence saying what, where and what to do.

    It holds no secret, and nothing that a terminal would obey.
    """

    def __init__(self, message: str = "") -> None:
        from mrt_lint.escape import printable  # noqa: PLC0415  sessions without migrations go without

        super().__init__("\n".join(map(printable, scrub(message).split("\n"))))


def refusing_unknown_names(kind: type[Settings]) -> type[Settings]:
    """Make a dataclass name the setting that was probably meant, where it is given one that it does not have.

    pytest shows its own UsageError, alone of all that a conftest.py raises, without a traceback through pytest.
    """
    initialize = kind.__init__
    known = kind.__dataclass_fields__  # type: ignore[attr-defined]  # it is a dataclass

    @functools.wraps(initialize)
    def check_and_initialize(self: Settings, *values: Any, **named: Any) -> None:
        for name in named:
            if name not in known:
                from mrt_lint.settings import nearest  # noqa: PLC0415  only for a mistake

                # looked up and not imported: `mrt verify` runs without pytest
                pytest = sys.modules.get("pytest")
                error = pytest.UsageError if pytest else ConfigurationError
                raise error(f"{kind.__name__} has no setting {name!r}{nearest(name, known) or '.'}")
        initialize(self, *values, **named)

    kind.__init__ = check_and_initialize  # type: ignore[method-assign, assignment]  # the same, with a check before
    return kind


@refusing_unknown_names
@dataclass
class MRTConfig:
    """What `pytest_configure` puts on `config._mrt_config`; a name that it does not have is refused.

    alembic_ini: path of the project's alembic.ini, relative to the current directory.
    db_url: the test database; scratch databases are made beside it and it is never written to. "embedded:postgresql" starts a
        private server from the extra `[postgres]`. None: MRT_DATABASE_URL's, or an embedded one. An empty string is refused.
    seed_rows: rows inserted in each table.
    skip: revisions that are not checked, each with its reason.
    minimum_downgrade_revision: revisions at or before this one are not checked.
    custom_seeds: table → callable that returns the rows, instead of made-up ones.
    migration_timeout: seconds that one upgrade or downgrade may take; None for no limit.
    env: environment variables set while env.py runs; "{url}" stands for the scratch database's URL, and "{host}", "{port}",
        "{database}", "{user}" and "{password}" for its parts.
    base_schema: a file with SQL that makes what the first revision finds, for a history that begins on tables made elsewhere.
    base_revision: the revision at which `base_schema` is, where the history is to be verified from there on.
    target_metadata: "package.module:Base" or a MetaData, for `assert_schema_matches`.
    after_writes: "warn" (default), "fail" or "off": rows that the new code would write before the rollback.
    edge_rows: "warn" (default), "fail" or "off": what a step that fails only with a row at the edge of its type counts as; "off"
        makes no such rows.
    unmet: "warn" (default) or "fail": what a statement of an upgrade that changed no row counts as.
    merge_order: "warn", "fail" or "off" (default): what it counts as where the schema after a merge depends on which of its
        branches was applied first.
    ignore: what is not compared, such as "grants", "owners", "comments" or "positions" of sequences.
    engine: which of the databases that alembic.ini names (`databases = …`, Alembic's multidb template) is verified.
    x_arguments: what `alembic -x` would pass.
    observe_locks: whether the locks and rewrites of each statement are observed, on PostgreSQL (`mrt verify --locks`).
    half_way: whether each upgrade() and downgrade() is stopped wherever that leaves something, and run again
        (`mrt verify --half-way`).
    budget: what they may be at most: "lock", a mode of locks on tables; "seconds" that a lock may be held; "rewrite", whether a
        table may be rewritten; "fail", whether more is a failure and no warning.
    old_code: "warn" or True, "fail", "off" or False (default): what it counts as where a statement of the older release fails on
        the upgraded schema, or one of the newer release after the rollback.
    isolation: "role" (default): on servers migrations run as a role of their own that owns the scratch database and may do nothing
        outside of it. "statements": as the role in `db_url`; statements are read before they run, which cannot see everything.
    severity_overrides: code or name of a rule → "error" or "warning", for `check_static` and `assert_no_static_errors`.
    custom_checks: functions of a MigrationFile that return RiskWarnings, for the same two.
    django_settings, django_apps, django_project_dir: pytest-mrt 1's; refused, for Django's migrations are not verified any more.
    explain_model: pytest-mrt 1's; accepted and without effect, as it was there.
    """

    alembic_ini: str = "alembic.ini"
    db_url: str | None = None
    seed_rows: int = 3
    skip: dict[str, str] = field(default_factory=dict)
    minimum_downgrade_revision: str | None = None
    custom_seeds: dict[str, SeedRows] = field(default_factory=dict)
    migration_timeout: float | None = 60
    env: dict[str, str] = field(default_factory=dict)
    base_schema: str | None = None
    base_revision: str | None = None
    target_metadata: Any = None
    after_writes: str = "warn"
    edge_rows: str = "warn"
    unmet: str = "warn"
    merge_order: str = "off"
    ignore: tuple[str, ...] = ()
    x_arguments: tuple[str, ...] = ()
    isolation: str = "role"
    engine: str | None = None
    severity_overrides: dict[str, str] = field(default_factory=dict)
    custom_checks: list[Callable[[Any], Iterable[Any]]] = field(default_factory=list)
    django_settings: str | None = None
    django_apps: list[str] | None = None
    django_project_dir: str | None = None
    explain_model: str | None = None
    observe_locks: bool = False
    half_way: bool = False
    old_code: str | bool = False
    budget: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show everything but secrets: pytest writes it into tracebacks."""
        # by name, since a value here need not be registered as a secret yet
        env = {name: MASK if NAME.search(name) else value for name, value in self.env.items()} if self.env else self.env
        shown = {name: getattr(self, name) for name in self.__dataclass_fields__} | {"env": env}
        return scrub(f"MRTConfig({', '.join(f'{name}={value!r}' for name, value in shown.items())})")
