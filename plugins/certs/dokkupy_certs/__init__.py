"""The certs plugin: certificates that people have, or that vouch for themselves."""
