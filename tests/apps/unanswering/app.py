import os
import socket

server = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
kept = []
while True:
    kept.append(server.accept())
