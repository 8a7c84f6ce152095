import os
import socket

server = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
while True:
    client, _ = server.accept()
    client.recv(4096)
    client.sendall(b"HTTP/1.0 200 OK\n\nold and proud\n")
    client.close()
