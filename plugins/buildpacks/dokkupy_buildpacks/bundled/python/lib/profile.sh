# Puts the app's Python first, and tells it how it is run.
export PATH="/app/.heroku/python/bin:$PATH"
export PYTHONPATH="${PYTHONPATH:-/app}"
export PYTHONUNBUFFERED="${PYTHONUNBUFFERED:-1}"
# Two workers do not wait for each other; a proxy is in front of them.
export WEB_CONCURRENCY="${WEB_CONCURRENCY:-2}"
export FORWARDED_ALLOW_IPS="${FORWARDED_ALLOW_IPS:-*}"
