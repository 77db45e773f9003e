"""Alembic's own multidb template, as `alembic init -t multidb` writes it: one database at a time."""

import re
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from mrt_lint.cli import main
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification


@pytest.fixture
def multidb(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MRT_DATABASE_URL", raising=False)
    command.init(Config(str(tmp_path / "alembic.ini")), str(tmp_path / "migrations"), template="multidb")
    config = Config(str(tmp_path / "alembic.ini"))
    for revision, parent in (("001", "base"), ("002", "001")):
        command.revision(config, "x", rev_id=revision, head=parent)
    change("001", upgrade_engine1='op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Text))',
           downgrade_engine1='op.drop_table("t")',
           upgrade_engine2='op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))',
           downgrade_engine2='op.drop_table("u")')  # fmt: skip
    change("002", upgrade_engine1='op.drop_column("t", "n")', downgrade_engine1='op.add_column("t", sa.Column("n", sa.Text))')
    return tmp_path


def change(revision, **functions):
    [file] = Path("migrations/versions").glob(f"{revision}_*.py")
    text = file.read_text()
    for name, body in functions.items():
        text = re.sub(rf"def {name}\(\) -> None:.*?pass", f"def {name}() -> None:\n    {body}", text, flags=re.DOTALL)
    file.write_text(text)


def verify(root, **settings):
    config = MRTConfig(alembic_ini=str(root / "alembic.ini"), db_url=f"sqlite:///{root}/x.db", **settings)
    with Verification(config) as verification:
        return [verdict.outcome for verdict in verification.check_all()]


def test_the_chosen_one_is_verified(multidb):
    assert verify(multidb, engine="engine1") == [Outcome.REVERSIBLE, Outcome.DATA_LOSS]
    assert verify(multidb, engine="engine2") == [Outcome.REVERSIBLE, Outcome.REVERSIBLE]


def test_without_a_choice_one_sentence_says_how_to_choose(multidb, capsys):
    assert main(["verify"]) == 2
    words = capsys.readouterr().err
    assert words.startswith(
        "mrt verify: alembic.ini names several databases, engine1 and engine2, and they are verified one at a time"
    )
    assert main(["verify", *re.search(r"--engine \w+", words)[0].split()]) == 1
    assert "data loss" in capsys.readouterr().out


def test_one_that_is_not_there_is_refused(multidb):
    with pytest.raises(ConfigurationError, match="names several databases, engine1 and engine2"):
        verify(multidb, engine="engine3")


def test_a_choice_where_there_is_none_is_refused(project):
    project.add("001")
    with pytest.raises(ConfigurationError, match="names no databases"):
        verify(project.root, engine="engine1")
