import os
import socket

first = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
second = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
