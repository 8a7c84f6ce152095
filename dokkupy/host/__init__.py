"""Making a machine a server of apps: what must be there, what is, and how it is brought about."""
