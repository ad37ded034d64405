"""Fleets: several products in one run, or spread over the jobs of a CI system."""
