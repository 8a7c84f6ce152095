"""Notes in MySQL, through SQLAlchemy and PyMySQL; what it says of its services is for tests."""

import os
import socket

from flask import Flask, request
from sqlalchemy import create_engine, text

app = Flask(__name__)
url = os.environ.get("DATABASE_URL", "")
engine = create_engine(url.replace("mysql://", "mysql+pymysql://", 1), pool_pre_ping=True) if url else None


@app.get("/")
def health():
    return "with a database" if engine else "without a database"


@app.get("/env/<key>")
def env(key):
    return os.environ.get(key, "")


@app.post("/notes")
def add():
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS notes (id INT AUTO_INCREMENT PRIMARY KEY, body TEXT)"))
        connection.execute(text("INSERT INTO notes (body) VALUES (:body)"), {"body": request.get_data(as_text=True)})
    return "kept"


@app.get("/notes")
def notes():
    with engine.connect() as connection:
        return [row.body for row in connection.execute(text("SELECT body FROM notes ORDER BY id"))]


@app.get("/reach/<host>/<int:port>")
def reach(host, port):
    """Try to connect somewhere, for tests of what is apart from what."""
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError as error:
        return f"no: {error}"
    return "yes"


@app.get("/addresses")
def addresses():
    """Say every address of this container."""
    with open("/proc/net/fib_trie") as table:
        lines = table.read().splitlines()
    return sorted({lines[i - 1].split()[-1] for i, line in enumerate(lines) if "host LOCAL" in line})
