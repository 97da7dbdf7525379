import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlkit.data import image_decoding
from dlkit.data.image_decoding import DecodeImages
from dlkit.data.images import read_images
from dlkit.errors import InputError

tfds = pytest.importorskip("tensorflow_datasets")

RED, BLUE = (250, 10, 10), (10, 10, 250)


class TinyPictures(tfds.core.GeneratorBasedBuilder):
    """Pictures of 4 x 4 pixels: a dark and a bright one."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(4, 4, 1)),
            "label": tfds.features.ClassLabel(names=["dark", "bright"]),
        }
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features), description="Pictures."
        )

    def _split_generators(self, dl_manager):
        return {"train": self._rows()}

    def _generate_examples(self):
        raise NotImplementedError

    def _rows(self):
        for label in (0, 1):
            yield label, {"image": np.full((4, 4, 1), 200 * label, np.uint8), "label": label}


def picture(color, size=(6, 4), mode="RGB"):
    return Image.new("RGB", size, color).convert(mode)


@pytest.fixture
def folder(tmp_path):
    """Two classes, each with a red or a blue image in every format."""
    for name, color in (("红", RED), ("blue", BLUE)):
        (tmp_path / "all" / name).mkdir(parents=True)
        for ending in ("png", "bmp", "webp", "gif", "jpg"):
            picture(color).save(tmp_path / "all" / name / f"1.{ending}")
    return tmp_path / "all"


def encoded(path):
    return tf.constant([path.read_bytes()])


def test_folder_of_every_format(folder):
    (folder / ".hidden").write_text("x")
    images = read_images([str(folder)])
    assert images.pixels.shape == (10, 4, 6, 3)
    assert images.pixels.dtype == np.uint8
    for label, color in (("红", RED), ("blue", BLUE)):
        chosen = [i for i, found in enumerate(images.labels) if found == label]
        assert len(chosen) == 5
        assert np.abs(images.pixels[chosen].astype(int) - color).max() < 25
    assert images.names[0] == str(folder / "blue" / "1.bmp")


def test_sizes_and_channels(folder):
    picture(RED, (9, 9)).save(folder / "红" / "2.png")
    assert read_images([str(folder)]).pixels.shape == (11, 64, 64, 3)
    assert read_images([str(folder)], image_size=8).pixels.shape == (11, 8, 8, 3)
    assert read_images([str(folder)], shape=(5, 7, 1)).pixels.shape == (11, 5, 7, 1)
    both = read_images([str(folder), "sample"], image_size=4)
    assert both.pixels.shape == (11 + 1797, 4, 4, 3)
    assert both.labels[-1] == "8"


def test_gray_images_have_one_channel(tmp_path):
    (tmp_path / "a").mkdir()
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    Image.fromarray(pixels).save(tmp_path / "a" / "1.png")
    np.testing.assert_array_equal(read_images([str(tmp_path)]).pixels, pixels[None, ..., None])


def test_what_is_read_is_what_is_served(folder):
    shape = (3, 3, 1)
    images = read_images([str(folder)], shape=shape)
    layer = DecodeImages(shape=shape)
    for name, pixels in zip(images.names, images.pixels, strict=True):
        with open(name, "rb") as file:
            np.testing.assert_array_equal(layer(tf.constant([file.read()]))[0], pixels)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.png", b"text", "a.png: no image by its content"),
        ("a.png", None, "a.png: no image by its content"),  # cut in the middle
        ("a.txt", b"text", "a.txt: no image by its ending"),
        ("../a.png", b"", "a.png: in no sub-folder"),
    ],
)
def test_broken_files_are_named_and_refused_or_skipped(folder, name, content, reason):
    path = folder / "blue" / name
    if content is None:
        noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        content = path.read_bytes()[:2000]
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"`--data` must have .* 1 file: .*{reason}.*skip"):
        read_images([str(folder)])
    images = read_images([str(folder)], broken="skip", image_size=4)
    assert len(images.pixels) == 10
    assert [broken.path.name for broken in images.broken] == [path.name]


def test_links_stay_inside(folder, tmp_path):
    picture(RED).save(tmp_path / "outside.png")
    (folder / "blue" / "link.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(InputError, match=r"link\.png: a link out of the folder"):
        read_images([str(folder)])


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "bmp", "webp"])
def test_images_of_too_many_pixels_are_not_decoded(folder, tmp_path, monkeypatch, ending):
    monkeypatch.setattr(image_decoding, "MOST_PIXELS", 9999)
    layer = DecodeImages(shape=(2, 2, 3))
    picture(RED, (101, 99)).save(tmp_path / f"right.{ending}", lossless=True)
    picture(RED, (101, 100)).save(tmp_path / f"large.{ending}", lossless=True)
    assert layer(encoded(tmp_path / f"right.{ending}")).shape == (1, 2, 2, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 9,999 pixels"):
        layer(encoded(tmp_path / f"large.{ending}"))


def test_tfds(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    images = read_images(["tfds:tiny_pictures:train"])
    assert images.pixels.shape == (2, 4, 4, 1)
    assert dict(zip(images.labels, images.pixels[:, 0, 0, 0], strict=True)) == {
        "dark": 0,
        "bright": 200,
    }
    larger = read_images(["tfds:tiny_pictures"], shape=(8, 8, 3))
    assert larger.pixels.shape == (2, 8, 8, 3)
    with pytest.raises(InputError, match="no split `dev`; the splits are `train`"):
        read_images(["tfds:tiny_pictures:dev"])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "must be a folder of images, tfds:NAME or sample. Received: nowhere"),
        (".", "a sub-folder of images for each class"),
    ],
)
def test_sources_that_are_none(source, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        read_images([source])


def test_more_than_the_memory(monkeypatch):
    with pytest.raises(InputError, match="Make `--image-size` smaller"):
        read_images(["sample"], image_size=2048)
