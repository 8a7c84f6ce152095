"""The basic-auth plugin: a name and a password before an app."""
