"""Speech that espeak-ng says, understood by the recognizer that the package carries."""

import os
import shutil
import struct
import subprocess
import wave

import numpy as np
import pytest

from apps.intent.replies.speech import Moonshine, recognize_file
from dlkit.errors import InputError

_CI = os.environ.get("CI") == "true"
SPOKEN = "where is my order"


class Counting:
    """Stands for a recognizer: says how many samples it got, and their mean."""

    sample_rate = 16_000

    def recognize(self, samples):
        assert samples.dtype == np.int16
        return f"{len(samples)} {samples.mean():.0f}"


def write_wav(path, frames, *, rate=16_000, channels=1, width=2):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return path


@pytest.fixture(scope="session")
def spoken(tmp_path_factory):
    if shutil.which("espeak-ng") is None and not _CI:
        pytest.skip("needs espeak-ng")
    path = tmp_path_factory.mktemp("speech") / "spoken.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "130", "-w", path, SPOKEN], check=True)
    return path


@pytest.fixture(scope="session")
def recognizer():
    if not _CI:
        pytest.importorskip("moonshine_voice")
    return Moonshine()


def test_a_spoken_question_is_understood(spoken, recognizer):
    for _ in range(2):  # nothing is left of the first
        said = recognize_file(spoken, recognizer)
        assert said.lower().rstrip("?.") == SPOKEN


def test_silence_says_nothing(tmp_path, recognizer):
    path = write_wav(tmp_path / "silence.wav", b"\x00\x00" * 16_000)
    assert recognize_file(path, recognizer) == ""


def test_channels_are_mixed_and_rates_changed(tmp_path):
    frames = struct.pack("<2h", 300, 100) * 22_050
    path = write_wav(tmp_path / "stereo.wav", frames, rate=22_050, channels=2)
    assert recognize_file(path, Counting()) == "16000 200"


def test_a_file_without_sound(tmp_path):
    assert recognize_file(write_wav(tmp_path / "empty.wav", b""), Counting()) == ""


@pytest.mark.parametrize("content", [None, b"", b"RIFF....WAVE", b"no sound " * 99])
def test_what_is_no_wav_file(tmp_path, content):
    path = tmp_path / "message.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="`--audio` must be a wav file"):
        recognize_file(path, Counting())


def test_bounds(tmp_path):
    wide = write_wav(tmp_path / "wide.wav", b"\x00\x00\x00" * 9, width=3)
    with pytest.raises(InputError, match="of 24 bits"):
        recognize_file(wide, Counting())
    long = write_wav(tmp_path / "long.wav", b"\x00\x00" * 3010, rate=10)
    with pytest.raises(InputError, match="of 301 s"):
        recognize_file(long, Counting())
