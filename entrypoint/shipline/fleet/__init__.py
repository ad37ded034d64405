"""Several products in one run, or spread over many: which they are, and how they go side by side."""
