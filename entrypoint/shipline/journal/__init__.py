"""The shared journal: the receipt in a git server's ref, one commit a write, for every runner of a release."""
