"""Finds the files that ship with the package: SQL beside the Python that runs it, the price catalogue, the sample logs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


@cache
def sql(name: str) -> str:
    """The text of `room/question.sql`, relative to the package."""
    return text(name)


def text(name: str) -> str:
    """The text of a file that lies beside the code."""
    return (PACKAGE / name).read_text(encoding="utf-8")


def shipped(wheel_name: str, checkout_name: str) -> Path:
    """A data folder: inside the package in a wheel, at the top of a checkout."""
    inside = PACKAGE / wheel_name
    return inside if inside.is_dir() else PACKAGE.parent / checkout_name


def catalogue_folder() -> Path:
    """The folder of price files, one YAML per provider."""
    return shipped("_pricing", "pricing")


def sample_logs_folder() -> Path:
    """The logs of the imaginary company that `demo` and the README use."""
    return shipped("_sample_logs", "sample_logs")
