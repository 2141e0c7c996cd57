"""Planning: pure functions from a portal snapshot and options to a plan. Must never do I/O, read a clock or know a database."""
