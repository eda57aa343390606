#!/usr/bin/env python3
# Proves a log of yett with nothing but its anchor; see yett-record(5).
# usage: verify.py ANCHOR-HEX FILE...    files continue each other
# exit 0: every record is there, unchanged, and sealed by a signature
import base64, hashlib, json, re, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 \
    import Ed25519PublicKey

FORM = re.compile(rb"""(?P<body>\{.*
    ,"v":1,"log":"[0-9a-f]{16}","seg":NUM,"boot":"[0-9a-f-]{0,36}"
    ,"mono":NUM,"seq":(?P<seq>NUM),"prev":"(?P<prev>[0-9a-f]{64})"
    (,"next":"(?P<next>[\w-]{43})")?\})(,"sig":"(?P<sig>[\w-]{86})")?\}\n
    """.replace(b"NUM", rb"(0|[1-9]\d{0,19})"), re.VERBOSE)

def b64(text):
    data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if not base64.urlsafe_b64encode(data).startswith(text):
        raise ValueError("there is only one way to write these bytes")
    return data

def check(line):
    """Raises if this is not record SEQ, and returns its members."""
    r = FORM.fullmatch(line)
    if not r or len(line) > 65536:
        raise ValueError("this is no record")
    root = json.loads(line.decode(), object_pairs_hook=list)
    last = ["yett", "sig"] if r["sig"] else ["yett"]
    if [name for name, _ in root][-len(last):] != last:
        raise ValueError("the chain members are not those of yett")
    if int(r["seq"]) != seq or r["prev"].decode() != prev:
        raise ValueError("records were removed, added, moved or changed")
    if r["sig"]:
        signer = Ed25519PublicKey.from_public_bytes(key)
        signer.verify(b64(r["sig"]), r["body"])    # all but 97 bytes
    elif r["next"]:
        raise ValueError("a key that nobody signed")
    return r

key, prev, seq, sealed = bytes.fromhex(sys.argv[1]), "0" * 64, 0, 0
for line in (line for name in sys.argv[2:] for line in open(name, "rb")):
    try:
        record = check(line)
        key = b64(record["next"]) if record["next"] else key
    except ValueError as error:
        sys.exit(f"record {seq}: {error}")
    except InvalidSignature:
        sys.exit(f"record {seq}: the signature is wrong")
    prev, seq = hashlib.sha256(line).hexdigest(), seq + 1
    sealed = seq if record["sig"] else sealed
print(f"{sealed} of {seq} records are sealed and whole, head {prev}")
sys.exit(0 if seq and sealed == seq else 1)
