#!/usr/bin/env python3
"""The admin socket as yettctl sees it: answers each request with a fixed packet, the next one each time, and tells what was asked.
Usage: server.py SOCKET REPLY_FILE [silent | - | FILE] ...; prints "ready", then each request. FILE is handed over open, with the answer."""
import os
import socket
import sys

answers = sys.argv[2:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
s.listen(1)
print("ready", flush=True)
s.settimeout(20)
for i in range(0, len(answers), 2):
    with open(answers[i], "rb") as f:
        reply = f.read()
    beside = (answers + ["-"])[i + 1]
    client, _ = s.accept()
    print(client.recv(256).decode(), flush=True)
    if beside == "-":
        client.send(reply)
    elif beside != "silent":
        with open(beside, "rb") as given:
            socket.send_fds(client, [reply], [given.fileno()])
    client.close()
os.unlink(sys.argv[1])
