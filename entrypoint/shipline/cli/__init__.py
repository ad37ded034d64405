"""The command line: commands, options from the catalog, exit codes."""
