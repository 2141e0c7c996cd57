"""Our automation rule and our trigger in Bitrix24's own automation. Must never believe a call of the rule before it is verified."""
