"""What the CRM does when records are written: one room for REST, the native converter and the portal page alike."""
