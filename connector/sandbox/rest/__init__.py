"""The REST side of the portal: wire rules, limits, faults, and one module of methods per entity."""
