"""The checked tree to the parts of a Pipeline; each part reports its own problems."""
