import os
import socket

server = socket.socket(socket.AF_INET6)
server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
server.bind(("::", int(os.environ["PORT"])))
server.listen()
while True:
    client, _ = server.accept()
    client.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    client.close()
