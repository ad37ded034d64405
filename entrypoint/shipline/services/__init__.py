"""The services Shipline drives."""
