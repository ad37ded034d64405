"""What `shipline init` writes, and from what: the answers, the project, and the examples that are derived from."""
