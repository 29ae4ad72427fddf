"""`python -m throughline.cli` is the same as `throughline`."""

from throughline.cli import main

main()
