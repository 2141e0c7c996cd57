"""The JSON API, `/api/v1`: what the app can do, for scripts. Must never accept a cookie or a session of the app, only API keys."""
