"""Messages that were spoken: sound files in, texts out."""

import importlib.util
import wave
from pathlib import Path
from typing import Protocol

import numpy as np

from dlkit.errors import InputError

_LONGEST_SECONDS = 300


class Recognizer(Protocol):
    """What turns speech into text: a service or a larger model can take the place of ours."""

    @property
    def sample_rate(self) -> int:
        """Samples a second that it wants."""

    def recognize(self, samples: np.ndarray) -> str:
        """Returns the text of int16 `(samples,)`, "" where nothing was understood."""


class Moonshine:
    """The recognizer of the package moonshine-voice, with the English model that it carries.

    Jeffries et al., "Moonshine: speech recognition for live transcription and voice commands",
    2024. It needs no network.

    Raises:
        InputError: The package is not installed.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("moonshine_voice") is None:
            msg = "`--audio` needs a speech recognizer. Received: an installation without. Call: "
            raise InputError(msg + 'pip install "dlkit[voice]"')
        from moonshine_voice import ModelArch, Transcriber
        from moonshine_voice.utils import get_model_path

        self._transcriber = Transcriber(get_model_path("tiny-en"), ModelArch.TINY)

    @property
    def sample_rate(self) -> int:
        """Samples a second that it wants."""
        return 16_000

    def recognize(self, samples: np.ndarray) -> str:
        """Returns the text of int16 `(samples,)`, "" where nothing was understood."""
        shares = (samples / 2**15).tolist()
        found = self._transcriber.transcribe_without_streaming(shares, self.sample_rate)
        return " ".join(line.text.strip() for line in found.lines)


def recognize_file(path: Path, recognizer: Recognizer) -> str:
    """Returns the text that is spoken in a sound file.

    Args:
        path: A wav file of 16-bit samples, of any rate and number of channels, of at most five
            minutes.
        recognizer: Turns it into text.

    Raises:
        InputError: The file is no such file.
    """
    samples, rate = _read_wav(path)
    if rate != recognizer.sample_rate and len(samples):
        from scipy.signal import resample_poly

        common = np.gcd(rate, recognizer.sample_rate)
        changed = resample_poly(samples, recognizer.sample_rate // common, rate // common)
        samples = np.clip(np.rint(changed), -(2**15), 2**15 - 1)
    return recognizer.recognize(samples.astype(np.int16)) if len(samples) else ""


def _read_wav(path: Path) -> tuple[np.ndarray, int]:
    """Returns float64 `(samples,)`, the mean of the channels, and samples a second."""
    msg = "`--audio` must be a wav file of 16-bit samples, of at most five minutes. Received: "
    try:
        with wave.open(str(path)) as file:
            rate, channels = file.getframerate(), file.getnchannels()
            if file.getsampwidth() != 2:
                raise InputError(f"{msg}{path} of {8 * file.getsampwidth()} bits. Convert it.")
            if file.getnframes() > _LONGEST_SECONDS * rate:
                raise InputError(f"{msg}{path} of {file.getnframes() // rate} s. Cut it.")
            raw = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise InputError(f"{msg}{path} ({error}). Convert it.") from error
    whole = len(raw) // (2 * channels) * channels
    samples = np.frombuffer(raw, "<i2", count=whole).reshape(-1, channels)
    return samples.astype(np.float64).mean(1), rate
