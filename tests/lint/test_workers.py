from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mrt_lint.check import workers

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(autouse=True)
def single_threaded(monkeypatch):
    """The guard against threads has a test of its own; other plugins of this pytest may have started some."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)


@pytest.fixture
def forked(monkeypatch):
    """The children that this process forks from now on: it may have others, such as a server of other tests."""
    children: list[int] = []
    fork = os.fork

    def noting():
        child = fork()
        children.append(child)
        return child

    monkeypatch.setattr(os, "fork", noting)
    return children


def assert_none_is_left(children):
    """Every child was waited for."""
    assert children
    for child in children:
        with pytest.raises(ChildProcessError):
            os.waitpid(child, os.WNOHANG)


def answer(task):
    if task == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "vanish":
        os._exit(0)
    return f"{task} from {os.getpid()}"


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_every_task_is_answered_once_by_other_processes():
    tasks = [f"task {number}" * 5000 for number in range(20)]
    answers = dict(workers.spread(answer, tasks, [len(task) for task in tasks], 2))
    assert sorted(answers) == list(range(20))
    assert all(text.startswith(tasks[index]) for index, text in answers.items())
    processes = {text.rpartition(" ")[2] for text in answers.values()}
    assert len(processes) == 2
    assert str(os.getpid()) not in processes


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("end", ["die", "vanish"])
def test_a_task_that_kills_its_process_is_lost_alone(end):
    tasks = ["a", "b", end, "c", end, "d"]
    answers = dict(workers.spread(answer, tasks, [1] * len(tasks), 2))
    assert [index for index, text in sorted(answers.items()) if text is None] == [2, 4]
    assert len(answers) == len(tasks)


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_no_process_is_left_when_the_answers_are_not_wanted(forked):
    stream = workers.spread(answer, ["x" * 100_000] * 40, [1] * 40, 2)
    next(stream)
    stream.close()
    assert_none_is_left(forked)


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_one_process_makes_ready_for_all_and_not_this_one():
    made: list[int] = []
    answers = dict(workers.spread(lambda _: f"{made} {os.getpid()}", list("abcd"), [1] * 4, 3, lambda: made.append(os.getpid())))
    readied, answered = zip(*(text.split() for text in answers.values()), strict=True)
    assert len(set(answered)) == 3
    assert set(readied) == {f"[{min(map(int, answered))}]"}
    assert made == []


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_all_are_ended_while_one_makes_ready(forked):
    stream = workers.spread(answer, ["a", "b"], [1, 1], 2, lambda: time.sleep(60))
    started = time.monotonic()
    with pytest.raises(InterruptedError):
        interrupt(stream)
    assert time.monotonic() - started < 30
    assert_none_is_left(forked)


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_death_is_noticed_while_others_go_on(tmp_path):
    def work(task):
        if task == "write":
            (tmp_path / "done").touch()
        deadline = time.monotonic() + 30
        while task == "wait" and not (tmp_path / "done").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return answer(task) if task == "die" else str((tmp_path / "done").exists())

    assert workers._deal([1, 1, 1], 2) == [[0, 2], [1]]
    assert dict(workers.spread(work, ["die", "wait", "write"], [1, 1, 1], 2)) == {0: None, 1: "True", 2: "True"}


def interrupt(stream):
    """Break into a stream that waits, as Ctrl-C does."""

    def handle(*_):
        raise InterruptedError

    previous = signal.signal(signal.SIGALRM, handle)
    signal.alarm(1)
    try:
        list(stream)
    finally:
        signal.signal(signal.SIGALRM, previous)


ORPHANS = """
import os, sys
from mrt_lint.check import workers
stream = workers.spread(lambda task: "x" * 1_000_000, range(50), [1] * 50, 2)
next(stream)
print("started", flush=True)
sys.stdin.read()
"""


@needs_fork
def test_no_process_outlives_a_caller_that_was_killed():
    with subprocess.Popen(
        [sys.executable, "-c", ORPHANS], cwd=Path(workers.__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as caller:
        assert caller.stdout
        assert caller.stdout.readline() == b"started\n"
        caller.kill()
        assert caller.communicate(timeout=60)[0] == b""  # everybody who could write there is gone


def refuse_from(number):
    """A fork that the system refuses from this one on, in each process."""
    left, fork = [number], os.fork

    def refuse():
        left[0] -= 1
        if left[0] < 0:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return fork()

    return refuse


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("forks", [0, 1, 2])
def test_where_no_more_processes_can_be_had_those_that_are_there_do_all(monkeypatch, forks):
    monkeypatch.setattr(os, "fork", refuse_from(forks))
    answers = dict(workers.spread(answer, list("abcdef"), [1] * 6, 3))
    assert sorted(text[0] for text in answers.values()) == list("abcdef")
    processes = {text.rpartition(" ")[2] for text in answers.values()}
    assert len(processes) == max(forks, 1)
    assert (str(os.getpid()) in processes) == (forks == 0)


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_what_a_dead_process_leaves_is_done_here_where_no_other_can_be_had(monkeypatch):
    monkeypatch.setattr(os, "fork", refuse_from(1))
    answers = dict(workers.spread(answer, ["a", "die", "b"], [3, 2, 1], 1))
    assert answers[1] is None
    assert answers[2] == f"b from {os.getpid()}"


@needs_fork
def test_without_pipes_all_is_done_here(monkeypatch):
    def pipe():
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pipe", pipe)
    assert dict(workers.spread(answer, ["a"], [1], 1)) == {0: f"a from {os.getpid()}"}


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_children_that_nobody_waits_for_are_no_trouble():
    previous = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert len(dict(workers.spread(answer, list("abcd"), [1] * 4, 2))) == 4
    finally:
        signal.signal(signal.SIGCHLD, previous)


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_all_stay_in_the_group_that_a_terminal_ends():
    groups = dict(workers.spread(lambda _: str(os.getpgrp()), list("abcd"), [1] * 4, 2))
    assert set(groups.values()) == {str(os.getpgrp())}


BUSY = """
import sys, time
from mrt_lint.check import workers
def work(task):
    if task > 1:
        time.sleep(300)
    return "x"
stream = workers.spread(work, range(4), [1] * 4, 2)
next(stream)
next(stream)
print("started", flush=True)
sys.stdin.read()
"""


@needs_fork
@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_a_process_in_the_middle_of_a_task_leaves_with_its_caller(end):
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], cwd=Path(workers.__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as caller:
        assert caller.stdout
        assert caller.stdout.readline() == b"started\n"
        getattr(caller, end)()
        assert caller.communicate(timeout=60)[0] == b""


def test_without_jobs_all_is_done_here():
    assert dict(workers.spread(answer, ["a"], [1], 0)) == {0: f"a from {os.getpid()}"}


def test_nothing_is_forked_beside_other_threads(monkeypatch):
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert dict(workers.spread(answer, ["a", "b"], [1, 1], 2)) == {0: f"a from {os.getpid()}", 1: f"b from {os.getpid()}"}


def test_the_heaviest_are_shared_out_evenly():
    shares = workers._deal([1, 9, 5, 4, 3, 3], 2)
    assert sorted(index for share in shares for index in share) == [0, 1, 2, 3, 4, 5]
    assert [sum([1, 9, 5, 4, 3, 3][index] for index in share) for share in shares] in ([13, 12], [12, 13])


def test_few_small_files_are_worth_one_other_process_where_it_can_run_at_once(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4), raising=False)
    assert workers.sensible_jobs([100] * 3) == 1
    assert workers.sensible_jobs([5000] * 3) == 3
    assert workers.sensible_jobs([]) == 0
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(1), raising=False)
    assert workers.sensible_jobs([5000] * 3) == 0
