import numpy as np

from apps.sentiment.monitor.windows import OpenWindows


def closed(windows, watermark):
    return [
        (start, {t: tuple(c) for t, c in counts.items()})
        for start, counts in windows.close(watermark)
    ]


def test_windows_close_in_order_and_empty_ones_too():
    windows = OpenWindows(10)
    windows.add(30, "a", negative=1, total=2)
    windows.add(10, "a", negative=0, total=1)
    windows.add(10, "a", negative=2, total=2)
    windows.add(10, "b", negative=0, total=1)
    assert closed(windows, 39) == [(10, {"a": (2, 3), "b": (0, 1)}), (20, {})]
    assert closed(windows, 39) == []
    assert closed(windows, 50) == [(30, {"a": (1, 2)}), (40, {})]
    assert windows.next_start == 50


def test_who_is_late():
    windows = OpenWindows(10)
    times = np.array([5, 12, 9, 10, 25])
    watermarks = np.array([0, 4, 10, 19, 30])
    assert windows.late(times, watermarks).tolist() == [False, False, True, False, True]
    closed(OpenWindows(10, 20), 20)
    assert OpenWindows(10, 20).late(np.array([19, 20]), np.array([0, 0])).tolist() == [True, False]


def test_a_long_silence_is_cut_short():
    windows = OpenWindows(1)
    windows.add(0, "a", negative=0, total=1)
    windows.add(10**9, "a", negative=0, total=1)
    starts = [start for start, _ in windows.close(2 * 10**9)]
    assert starts[:2] == [0, 10**9 - 2000]
    assert 10**9 in starts
    assert len(starts) == 2 + 2000 + 2000
    assert windows.next_start == 2 * 10**9
