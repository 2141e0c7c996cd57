"""`python -m connector.cli` is the same as the console script `leadswitch`."""

from connector.cli.entry import main

main()
