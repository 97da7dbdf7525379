import asyncio
import threading

import numpy as np
import pytest

from dlkit.serving.batching import Batcher
from dlkit.serving.rest.error import RestError


def rows(*values):
    return {"x": np.array(values, np.float64)}


class Doubling:
    """Doubles; remembers the size of every call, and can be held up."""

    def __init__(self):
        self.sizes = []
        self.free = threading.Event()
        self.free.set()
        self.called = threading.Event()

    def __call__(self, inputs):
        self.called.set()
        assert self.free.wait(30)
        self.sizes.append(len(inputs["x"]))
        if np.isnan(inputs["x"]).any():
            raise ValueError("not a number")
        return {"y": 2 * inputs["x"]}


async def held(batcher, call):
    """Occupies the thread with a first request, so that what comes next has to wait."""
    call.free.clear()
    call.called.clear()
    first = asyncio.create_task(batcher.answer(call, rows(0), joins=True))
    await asyncio.to_thread(call.called.wait, 30)
    return first


async def waiting(batcher, call, many, **options):
    """Starts requests and lets them reach the queue."""
    tasks = [
        asyncio.create_task(batcher.answer(call, inputs, **{"joins": True, **options}))
        for inputs in many
    ]
    await asyncio.sleep(0)
    return tasks


def run(scenario, **options):
    batcher = Batcher(**{"batch_size": 4, "timeout": 0, "queue_size": 8, **options})
    try:
        return asyncio.run(scenario(batcher, Doubling()))
    finally:
        batcher.close()


def test_every_caller_gets_the_answer_to_its_own_rows():
    async def scenario(batcher, call):
        many = [rows(*range(i, i + 1 + i % 3)) for i in range(200)]
        answers = await asyncio.gather(*(batcher.answer(call, m, joins=True) for m in many))
        for asked, answer in zip(many, answers, strict=True):
            np.testing.assert_array_equal(answer["y"], 2 * asked["x"])
        assert max(call.sizes) > 3
        assert max(call.sizes) <= 16

    run(scenario, batch_size=16, queue_size=1000)


def test_what_waits_is_joined_up_to_the_batch_size():
    async def scenario(batcher, call):
        first = await held(batcher, call)
        tasks = await waiting(batcher, call, [rows(i) for i in range(1, 7)])
        call.free.set()
        answers = await asyncio.gather(first, *tasks)
        assert [answer["y"].tolist() for answer in answers] == [[2.0 * i] for i in range(7)]
        assert call.sizes == [1, 4, 2]

    run(scenario)


def test_a_batch_size_of_one_never_joins():
    async def scenario(batcher, call):
        first = await held(batcher, call)
        tasks = await waiting(batcher, call, [rows(1), rows(2, 3), rows(4)])
        call.free.set()
        await asyncio.gather(first, *tasks)
        assert call.sizes == [1, 1, 2, 1]

    run(scenario, batch_size=1)


def test_the_first_waits_for_others_but_not_longer_than_for_a_full_batch():
    async def scenario(batcher, call):
        tasks = []
        for i in range(4):
            tasks += await waiting(batcher, call, [rows(i)])
            await asyncio.sleep(0.02)
        await asyncio.wait_for(asyncio.gather(*tasks), 20)
        assert call.sizes == [4]

    run(scenario, timeout=60)


def test_the_first_does_not_wait_without_end():
    async def scenario(batcher, call):
        answer = await asyncio.wait_for(batcher.answer(call, rows(1), joins=True), 20)
        assert answer["y"].tolist() == [2.0]
        assert call.sizes == [1]

    run(scenario, timeout=0.05)


def test_other_shapes_and_other_functions_are_called_apart():
    async def scenario(batcher, call):
        other = Doubling()
        first = await held(batcher, call)
        flat = await waiting(batcher, call, [rows(1), rows(2)])
        wide = await waiting(batcher, call, [{"x": np.ones((1, 3))}, {"x": np.ones((1, 3))}])
        foreign = await waiting(batcher, other, [rows(5)])
        alone = await waiting(batcher, call, [rows(6), rows(7)], joins=False)
        call.free.set()
        answers = await asyncio.gather(first, *flat, *wide, *foreign, *alone)
        assert answers[3]["y"].shape == (1, 3)
        assert answers[-1]["y"].tolist() == [14.0]
        assert (call.sizes, other.sizes) == ([1, 2, 2, 1, 1], [1])

    run(scenario)


def test_a_large_request_is_called_alone():
    async def scenario(batcher, call):
        answer = await batcher.answer(call, rows(*range(50)), joins=True)
        assert answer["y"].tolist() == [2.0 * i for i in range(50)]
        assert call.sizes == [50]

    run(scenario)


def test_a_full_queue_refuses_and_answers_what_it_took():
    async def scenario(batcher, call):
        first = await held(batcher, call)
        tasks = await waiting(batcher, call, [rows(i, i) for i in range(4)])
        with pytest.raises(RestError) as caught:
            await batcher.answer(call, rows(9), joins=True)
        assert caught.value.status == 429
        call.free.set()
        answers = await asyncio.gather(first, *tasks)
        assert [answer["y"][0] for answer in answers[1:]] == [0, 2, 4, 6]
        assert (await batcher.answer(call, rows(9), joins=True))["y"].tolist() == [18]

    run(scenario)


def test_one_bad_request_does_not_spoil_the_batch():
    async def scenario(batcher, call):
        first = await held(batcher, call)
        tasks = await waiting(batcher, call, [rows(1), rows(np.nan), rows(3)])
        call.free.set()
        answers = await asyncio.gather(first, *tasks, return_exceptions=True)
        assert [answers[i]["y"].tolist() for i in (1, 3)] == [[2.0], [6.0]]
        assert str(answers[2]) == "not a number"

    run(scenario)


def test_outputs_without_the_batch_are_asked_one_by_one():
    async def scenario(batcher, call):
        def total(inputs):
            call(inputs)
            return {"y": inputs["x"].sum(keepdims=True)}

        first = await held(batcher, call)
        tasks = await waiting(batcher, total, [rows(1), rows(2)])
        call.free.set()
        answers = await asyncio.gather(first, *tasks)
        assert [answer["y"].tolist() for answer in answers[1:]] == [[1.0], [2.0]]

    run(scenario)


def test_a_caller_that_has_gone_is_forgotten():
    async def scenario(batcher, call):
        first = await held(batcher, call)
        [gone, stays] = await waiting(batcher, call, [rows(1), rows(2)])
        gone.cancel()
        call.free.set()
        assert (await stays)["y"].tolist() == [4.0]
        await first

    run(scenario)


def test_closing_answers_what_was_taken_and_takes_no_more():
    async def scenario(batcher, call):
        first = await held(batcher, call)
        tasks = await waiting(batcher, call, [rows(i) for i in range(6)])
        closing = asyncio.create_task(asyncio.to_thread(batcher.close))
        await asyncio.sleep(0.05)
        with pytest.raises(RestError) as caught:
            await batcher.answer(call, rows(9), joins=True)
        assert caught.value.status == 503
        call.free.set()
        await closing
        answers = await asyncio.gather(first, *tasks)
        assert [answer["y"].tolist() for answer in answers[1:]] == [[2.0 * i] for i in range(6)]

    run(scenario)


def test_closing_does_not_wait_for_others():
    async def scenario(batcher, call):
        [task] = await waiting(batcher, call, [rows(1)])
        await asyncio.wait_for(asyncio.to_thread(batcher.close), 20)
        assert (await task)["y"].tolist() == [2.0]

    run(scenario, timeout=60)
