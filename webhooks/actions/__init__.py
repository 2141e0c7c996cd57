"""What deliveries do inside Bitrix24 and Leadswitch itself: notify, start workflows, fire our trigger, make a dry run."""
