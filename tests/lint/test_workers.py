from __future__ import annotations

import os
import signal
import threading

import pytest

from mrt_lint import workers

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(autouse=True)
def single_threaded(monkeypatch):
    """The guard against threads has a test of its own; other plugins of this pytest may have started some."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)


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
def test_no_process_is_left_when_the_answers_are_not_wanted():
    stream = workers.spread(answer, ["x" * 100_000] * 40, [1] * 40, 2)
    next(stream)
    stream.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_one_job_is_done_here():
    assert dict(workers.spread(answer, ["a"], [1], 1)) == {0: f"a from {os.getpid()}"}


def test_nothing_is_forked_beside_other_threads(monkeypatch):
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert dict(workers.spread(answer, ["a", "b"], [1, 1], 2)) == {0: f"a from {os.getpid()}", 1: f"b from {os.getpid()}"}


def test_the_heaviest_are_shared_out_evenly():
    shares = workers._deal([1, 9, 5, 4, 3, 3], 2)
    assert sorted(index for share in shares for index in share) == [0, 1, 2, 3, 4, 5]
    assert [sum([1, 9, 5, 4, 3, 3][index] for index in share) for share in shares] in ([13, 12], [12, 13])


def test_few_small_files_are_not_worth_a_second_process():
    assert workers.sensible_jobs([100] * 3) == 1
    assert workers.sensible_jobs([]) == 1
