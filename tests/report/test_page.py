"""The page as text: whole, asking for nothing, and with nothing in it that is more than text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from mrt_lint.model.finding import Consequence
from mrt_report.page import render_page
from mrt_report.page.lanes import draw
from mrt_runtime.databases.observation import RelationLock
from mrt_runtime.half_way import HalfWayStep, HalfWayStop
from mrt_runtime.migrate.observer import HeldLock, ObservedStatement, ObservedStep
from mrt_runtime.verdict import Failure, Outcome, RowExample
from tests.report.results import HOSTILE, LOST, finding, hostile, logged, put_together, verdict


class PageReader(HTMLParser):
    """Collects every tag with its attributes, and the text of each."""

    VOID = ("meta", "link", "input", "br", "img")

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("line", "path", "rect", "circle") or self.open[-1] == tag:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self):
        return re.sub(r"\s+", " ", " ".join(self.text))


@pytest.fixture
def both():
    history = [logged("003", "002", message="Drop the phone", head=True), logged("002")]
    return put_together([finding()], [verdict("002"), verdict("003", "002", failures=(LOST,))], history)


def test_the_page_says_what_both_halves_found(both):
    words = PageReader(render_page(both)).words
    assert "1 of 2 revisions loses data when it is rolled back" in words
    assert "MRT201 confirmed: Column 'users.phone': 2/3 values lost after rollback" in words
    assert "row id phone changed 1 before: '11' after: NULL" in words
    assert "… and 1 more" in words
    assert "Instead keep its values" in words
    assert "Drop the phone" in words


def test_the_page_shows_what_each_line_took_and_where_a_migration_is_stuck(both):
    lock = HeldLock(RelationLock("users", "table", "users", "ACCESS EXCLUSIVE"), 0.01)
    taken = ObservedStatement(14, "ALTER TABLE users DROP COLUMN phone", 1, 0.004, {"users": lock}, ["users"])
    steps = (ObservedStep(name="upgrade", seconds=0.038, file="versions/003.py", statements=(taken,)),)
    half_way = (HalfWayStep(name="upgrade", places=1, stops=(HalfWayStop(line=12, next_line=14, failure="no"),)),)
    words = PageReader(render_page(put_together([], [verdict("003", steps=steps, half_way=half_way)]))).words
    assert (
        "Upgrade, 38 ms 003.py:14 4 ms ALTER TABLE users DROP COLUMN phone ACCESS EXCLUSIVE on users for 10 ms rewrites users"
        in words
    )
    assert "Half way, upgrade: 1 of 1 stop tried, 1 stuck." in words


def test_a_page_asks_for_nothing_and_runs_only_its_own_script(both):
    text = render_page(both)
    page = PageReader(text)
    assert [one for one in page.tags if {"src", "style", "onclick"} & one[1].keys()] == []
    assert [link["href"] for link in page.named("link")] == ["data:,"]
    assert all(link["href"].startswith("#") for link in page.named("a"))
    assert not re.search(r"url\(|@import|https?://", text)
    (policy,) = [one["content"] for one in page.named("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert f"{tag}-src 'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'")


def test_no_text_of_files_and_databases_is_more_than_text():
    text = render_page(hostile())
    page = PageReader(text)
    assert len(page.named("script")) == 1
    assert not page.named("img")
    assert "49" not in page.words.partition("Revisions by")[0]
    assert "\x1b" not in text
    assert "\u202e" not in text
    shown = HOSTILE.replace("\x1b", r"\x1b").replace("\u202e", r"\u202e")
    assert page.words.count(shown) > 10


def test_a_check_alone_and_a_run_alone_have_pages():
    check = PageReader(render_page(put_together([finding()], None, [logged("003")]))).words
    assert "1 error in 1 migration" in check
    assert "Revisions by verdict" not in check
    run = PageReader(
        render_page(put_together(None, [verdict("001"), verdict("002", "001", outcome=Outcome.SKIPPED, reason="agreed")]))
    ).words
    assert "The revision rolls back without loss" in run
    assert "agreed" in run
    assert "Findings by consequence" not in run
    assert "There is no revision to show." in PageReader(render_page(put_together([]))).words


def test_findings_in_no_revision_and_what_was_not_asked_for_are_told():
    lock = finding("MRT907", "revision 009 is gone", path="mrt.lock", revision=None, consequence=Consequence.DEPLOY_FAILS)
    history = [logged("003", "002"), logged("002")]
    results = put_together([lock], [verdict("003")], history, looked_at=["versions/003.py"])
    words = PageReader(render_page(results)).words
    assert "In files that are no revision's mrt.lock MRT907" in words
    assert "1 more revision of the history was not asked for." in words


def test_rows_that_were_lost_and_left_behind_are_told_apart():
    failure = Failure(
        kind="data-loss",
        message="Table 'users': 1/1 rows lost after rollback",
        examples=(RowExample(before={"id": "1"}, after=None), RowExample(before=None, after={"id": "2", "name": "'x'"})),
        evidence=("id = 1", "id = 2, name = 'x'"),
    )
    words = PageReader(render_page(put_together(None, [verdict(failures=(failure,))]))).words
    assert "row id name lost before: 1 left behind after: 2 after: 'x'" in words


def test_the_lines_of_code_come_from_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions/003.py").write_text("\n" * 12 + "def upgrade():\n    op.drop_column(\n\t'<users>')\n\n")
    found = finding()
    words = PageReader(render_page(put_together([found], None, [logged("003")]))).words
    assert "13 def upgrade(): 14 op.drop_column( 15 '<users>')" in words


def lanes(*nodes):
    return [(row.lane, row.is_followed, row.passing, row.leading, row.loose) for row in draw(nodes)]


def test_a_line_of_revisions_is_one_lane():
    assert lanes(("b", ["a"], []), ("a", [], [])) == [(0, False, (), (0,), ()), (0, True, (), (), ())]


def test_a_merge_opens_a_lane_that_its_base_closes():
    merged = lanes(("m", ["l", "r"], []), ("l", ["a"], []), ("r", ["a"], []), ("a", [], []))
    assert merged == [(0, False, (), (0, 1), ()), (0, True, (1,), (0,), ()), (1, True, (0,), (0,), ()), (0, True, (), (), ())]


def test_heads_get_lanes_of_their_own_and_what_is_needed_is_loose():
    assert lanes(("x", ["gone"], []), ("y", [], ["gone"]), ("z", [], [])) == [
        (0, False, (), (0,), ()),
        (1, False, (0,), (), (0,)),
        (1, False, (0,), (), ()),
    ]
