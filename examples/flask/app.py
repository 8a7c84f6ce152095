from flask import Flask

VERSION = "one"

app = Flask(__name__)


@app.route("/")
def hello():
    return f"version {VERSION}\n"
