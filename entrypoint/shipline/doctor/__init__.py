"""`shipline doctor`: check the input, the connections and the services before the first run."""
