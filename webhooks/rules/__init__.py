"""Rules: when this happens, and these conditions hold, do that. Must never do anything itself: what a rule wants becomes a delivery."""
