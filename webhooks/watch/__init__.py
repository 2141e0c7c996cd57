"""The watch over the CRM mode of each portal. Reads seldom, notices honestly, changes nothing on a portal."""
