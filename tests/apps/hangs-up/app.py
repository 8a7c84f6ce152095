import os
import socket

server = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
while True:
    client, _ = server.accept()
    client.recv(4096)
    client.close()
