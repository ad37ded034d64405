"""One file for each CI system: its facts, its masks, and where it shows results."""
