"""Reading: turns a portal over REST into the snapshots that planning takes. Must never write to a portal."""
