#!/usr/bin/env python3
"""Writes a signed log from bodies, by the documented format and with nothing of yett's own code.
Usage: signed.py LOG ANCHOR_FILE <BODIES; a body is a JSON object; a blank line stands for one without a signature (sealed by the next).
BODIES: one JSON object a line; the member "unsigned" (removed) leaves its line without a signature."""
import base64
import ctypes
import ctypes.util
import hashlib
import json
import sys

sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
assert sodium.sodium_init() >= 0


def keypair():
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
    sodium.crypto_sign_keypair(public, secret)
    return public.raw, secret.raw


def sign(message, secret):
    out = ctypes.create_string_buffer(64)
    sodium.crypto_sign_detached(out, None, message, ctypes.c_ulonglong(len(message)), secret)
    return out.raw


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def main():
    public, secret = keypair()
    with open(sys.argv[2], "w", encoding="ascii") as f:
        f.write(public.hex() + "\n")
    log = hashlib.sha256(public).hexdigest()[:16]
    prev = "0" * 64
    with open(sys.argv[1], "wb") as out:
        for seq, text in enumerate(sys.stdin):
            record = json.loads(text)
            unsigned = record.pop("unsigned", False)
            record["event"]["sequence"] = seq
            yett = record.pop("yett", {})
            yett.update({"v": 1, "log": log, "seg": 0, "boot": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "mono": seq, "seq": seq, "prev": prev})
            following = keypair()
            if not unsigned:
                yett["next"] = b64(following[0])
            record["yett"] = yett
            body = json.dumps(record, separators=(",", ":"), ensure_ascii=False)[:-1].encode()
            if unsigned:
                line = body + b"}\n"
            else:
                line = body + b',"sig":"' + b64(sign(body, secret)).encode() + b'"}\n'
                secret = following[1]
            out.write(line)
            prev = hashlib.sha256(line).hexdigest()


main()
