import numpy as np
import pytest

from apps.sentiment.monitor.event_time import EventClock


class Time:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def clock(time):
    return EventClock(1000, time)


def saw(clock, source, *times):
    return clock.saw(source, np.array(times, np.int64))


def test_the_watermark_follows_the_newest_event(clock):
    assert clock.watermark() is None
    before = saw(clock, "a", 5000, 3000, 9000, 8000)
    assert before[1:].tolist() == [4000, 4000, 8000]
    assert clock.watermark() == 8000
    assert saw(clock, "a", 7000).tolist() == [8000]
    assert clock.watermark() == 8000


def test_batches_do_not_matter(time):
    times = np.random.default_rng(0).integers(0, 100_000, 500)
    whole = EventClock(1000, time).saw("a", times)
    clock = EventClock(1000, time)
    parts = []
    for part in np.split(times, [1, 7, 100, 101, 300]):
        parts.append(clock.saw("a", part))
        clock.watermark()
    assert np.concatenate(parts).tolist() == whole.tolist()


def test_silence_passes_like_the_time_of_day(clock, time):
    saw(clock, "a", 5000)
    time.now += 3
    assert clock.watermark() == 4000  # nobody said that there is nothing more
    clock.caught_up("a")
    assert clock.watermark() == 7000
    time.now += 1
    assert clock.watermark() == 8000
    saw(clock, "a", 5500)
    assert clock.watermark() == 8000


def test_the_slowest_source_counts_unless_it_is_silent(clock, time):
    saw(clock, "fast", 50_000)
    saw(clock, "slow", 10_000)
    assert clock.watermark() == 9000
    clock.caught_up("slow")
    time.now += 4
    assert clock.watermark() == 13_000
    time.now += 2
    assert clock.watermark() == 49_000
    assert saw(clock, "slow", 11_000).tolist() == [49_000]


def test_a_source_that_has_ended_holds_nobody_up(clock):
    saw(clock, "a", 10_000)
    saw(clock, "b", 20_000)
    clock.finished("a")
    assert clock.watermark() == 19_000
    clock.finished("b")
    assert clock.watermark() == 19_000


def test_a_restart_goes_on_as_if_no_time_had_passed(clock, time):
    saw(clock, "a", 5000)
    saw(clock, "gone", 4000)
    clock.watermark()
    later = EventClock(1000, time)
    time.now += 1000
    later.restore(clock.to_json(), ["a", "new"])
    assert later.watermark() == 4000
    later.caught_up("a")
    time.now += 2
    assert later.watermark() == 6000
