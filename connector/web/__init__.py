"""The app that administrators open inside Bitrix24: pages, launch, session. Calls the services; must never hold rules of its own."""
