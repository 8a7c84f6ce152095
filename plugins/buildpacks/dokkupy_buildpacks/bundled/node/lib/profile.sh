# Puts the app's Node first, and tells it how it is run.
export PATH="/app/.heroku/node/bin:/app/node_modules/.bin:$PATH"
export NODE_ENV="${NODE_ENV:-production}"
