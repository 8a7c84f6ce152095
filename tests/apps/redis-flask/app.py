"""Notes in Redis, through redis-py."""

import os

import redis
from flask import Flask, request
from redis.backoff import NoBackoff
from redis.retry import Retry

app = Flask(__name__)
url = os.environ.get("REDIS_URL", "")
# An import, a restore and an upgrade cut connections once.
once = Retry(NoBackoff(), 1)
store = redis.from_url(url, decode_responses=True, socket_timeout=5, retry=once) if url else None


@app.get("/")
def health():
    return "with a store" if store else "without a store"


@app.get("/env/<key>")
def env(key):
    return os.environ.get(key, "")


@app.post("/notes")
def add():
    store.rpush("notes", request.get_data(as_text=True))
    return "kept"


@app.get("/notes")
def notes():
    return store.lrange("notes", 0, -1)
