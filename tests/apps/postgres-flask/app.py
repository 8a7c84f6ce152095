"""Notes in PostgreSQL, through psycopg."""

import os

import psycopg
from flask import Flask, request

app = Flask(__name__)
url = os.environ.get("DATABASE_URL", "")


@app.get("/")
def health():
    return "with a database" if url else "without a database"


@app.get("/env/<key>")
def env(key):
    return os.environ.get(key, "")


@app.post("/notes")
def add():
    with psycopg.connect(url, connect_timeout=5) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (id bigserial PRIMARY KEY, body text)")
        connection.execute("INSERT INTO notes (body) VALUES (%s)", [request.get_data(as_text=True)])
    return "kept"


@app.get("/notes")
def notes():
    with psycopg.connect(url, connect_timeout=5) as connection:
        return [body for (body,) in connection.execute("SELECT body FROM notes ORDER BY id")]
