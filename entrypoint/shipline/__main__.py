"""`python -m shipline`."""

from shipline.cli import main

main()
