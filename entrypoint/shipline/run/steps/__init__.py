"""The steps of a plan, one file each."""
