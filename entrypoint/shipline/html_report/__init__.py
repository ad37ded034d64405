"""The run report: one HTML page that needs nothing else."""
