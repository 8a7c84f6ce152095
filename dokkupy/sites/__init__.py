"""Sites of files, served without a container: their settings, their patterns, their folders."""
