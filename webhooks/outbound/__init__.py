"""Signed webhooks to other systems. Must never reach an address that is not public unless the installation allows it."""
