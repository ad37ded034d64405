"""Shipline: the last step of a pipeline."""

__version__ = "0.1.0"
