"""The first config and pipeline of a project."""
