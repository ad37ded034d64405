"""Release notes: from a changelog or commits, rendered for each target."""
