"""Runs the command line of the application."""

from apps.recommender.app import APP
from dlkit.cli import main

if __name__ == "__main__":
    main(APP)
