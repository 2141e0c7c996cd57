"""Switching: executes plans, undoes them, and moves the CRM mode. The only room that writes leads and deals to a portal."""
