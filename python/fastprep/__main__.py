"""`python -m fastprep`."""

from fastprep.cli import main

main()
