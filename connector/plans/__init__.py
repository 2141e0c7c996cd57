"""Plans as documents: built, stored, exported, imported and queried. Must never write to a portal."""
