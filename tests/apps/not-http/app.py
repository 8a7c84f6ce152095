import os
import socket

server = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
while True:
    client, _ = server.accept()
    client.sendall(b"220 mail.example ready\r\n")
    client.close()
