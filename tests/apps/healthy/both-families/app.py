import os
import socket

server = socket.create_server(
    ("::", int(os.environ["PORT"])), family=socket.AF_INET6, dualstack_ipv6=True
)
while True:
    client, _ = server.accept()
    client.recv(4096)
    client.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    client.close()
