"""Inputs: the catalog, their sources, the config file, and validation against the schema."""
