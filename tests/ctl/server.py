#!/usr/bin/env python3
"""The admin socket as yettctl sees it: answers one request with a fixed packet, and tells what was asked.
Usage: server.py SOCKET REPLY_FILE [silent | FILE]; prints "ready", then the request. FILE is handed over open, with the answer."""
import os
import socket
import sys

with open(sys.argv[2], "rb") as f:
    reply = f.read()
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
s.listen(1)
print("ready", flush=True)
s.settimeout(20)
client, _ = s.accept()
print(client.recv(256).decode(), flush=True)
if len(sys.argv) < 4:
    client.send(reply)
elif sys.argv[3] != "silent":
    with open(sys.argv[3], "rb") as given:
        socket.send_fds(client, [reply], [given.fileno()])
client.close()
os.unlink(sys.argv[1])
