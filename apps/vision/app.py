"""The application of images."""

from apps.vision.verbs import image_verbs
from dlkit.app import App

APP = App(
    name="vision",
    description="Images: which class each belongs to, learned from folders or TFDS.",
    verbs=image_verbs,
)
