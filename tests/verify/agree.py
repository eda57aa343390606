"""Damages logs in every way that an intruder has, and asks both verifiers. They must agree on whether the log is whole, on the record
where it is not, and on how many are sealed; and yettctl must name the kind of damage. Usage: agree.py BUILD_DIR SCRIPT EMPTY_DIR"""
import base64
import contextlib
import hashlib
import io
import json
import os
import pty
import random
import re
import subprocess
import sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
import outcome

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD, SCRIPT, TMP = sys.argv[1:]
with open(SCRIPT, encoding="utf-8") as script:
    CODE = compile(script.read(), SCRIPT, "exec")
FILE = os.path.join(TMP, "damaged.jsonl")
DICE = random.Random(20261124)
TAIL = 97
# What yettctl says, and with which exit code.
WORDS = {
    "whole": (0, "no record was changed"),
    "torn": (1, "the last line has no end"),
    "empty": (1, "there are no records"),
    "unsealed": (1, "not sealed by a signature yet"),
    "unanchored": (1, "no anchor says whose it is"),
    "form": (6, "this is no record"),
    "number": (6, "the number is wrong"),
    "hash": (6, "its hash is another"),
    "signature": (6, "the signature is wrong"),
    "key": (6, "a record that nobody signed"),
    "long": (6, "longer than any record"),
    "cut": (6, "the end was cut off"),
}
PLACED = {"torn", "form", "number", "hash", "signature", "key", "long"}


class Log:
    def __init__(self, name, path, anchor, key=None):
        self.name, self.anchor, self.key = name, anchor, key
        with open(path, "rb") as f:
            self.lines = f.read().splitlines(True)
        self.signed = [line[-TAIL:].startswith(b',"sig":"') for line in self.lines]
        self.ratchets = [b'","next":"' in line[-TAIL - 64:-TAIL] for line in self.lines]

    def data(self):
        return b"".join(self.lines)

    def with_line(self, k, line):
        """The log with other bytes in the place of record K, newline and all."""
        return b"".join(self.lines[:k] + [line] + self.lines[k + 1:])


class Case:
    """DATA is damaged at record AT, or at one of several, with one of KINDS."""
    def __init__(self, what, data, kinds, at=None, options=()):
        self.what, self.data, self.options = what, data, options
        self.kinds = {kinds} if isinstance(kinds, str) else kinds
        self.at = {at} if isinstance(at, int) else at


# -- the two verifiers

def ask_yettctl(anchor, options, files):
    key = ["--key", anchor] if anchor else []
    got = subprocess.run([BUILD + "/yettctl", "-c", TMP + "/yett.conf", "verify", "--json", *key, *options, *files],
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    try:
        return got.returncode, json.loads(got.stdout)
    except ValueError:
        raise AssertionError(f"yettctl: exit {got.returncode}, {got.stdout[:200]!r} {got.stderr[:200]!r}") from None


def ask_script(anchor, path):
    """What the script says, and whether it is content. It runs as it would on its own, only without a new interpreter each time."""
    said, argv = io.StringIO(), sys.argv
    sys.argv = [SCRIPT, anchor, path]
    try:
        with contextlib.redirect_stdout(said):
            exec(CODE, {"__name__": "__main__"})
    except SystemExit as end:
        return (end.code if isinstance(end.code, str) else said.getvalue()), end.code == 0
    finally:
        sys.argv = argv
    raise AssertionError("the script came to no end")


def check(anchor, case):
    """Nothing, or what is wrong with what the verifiers say."""
    with open(FILE, "wb") as f:
        f.write(case.data)
    status, found = ask_yettctl(anchor, case.options, [FILE])
    kind = next((k for k in case.kinds if WORDS[k][1] in found["why"]), None)
    if not kind:
        return f"yettctl: {found['result']}: {found['why']} at {found.get('sequence')}, not {sorted(case.kinds)}"
    if status != WORDS[kind][0]:
        return f"yettctl exits {status} and says: {found['why']}"
    if kind in PLACED and (found["sequence"] not in case.at or found["sequence"] != found["line"] - 1):
        return f"yettctl: {kind} at record {found['sequence']}, line {found['line']}, not {sorted(case.at)}"
    if case.options:
        return None     # the script has no witness
    said, content = ask_script(anchor, FILE)
    if content != (status == 0):
        return f"yettctl exits {status}, the script says: {said}"
    if "sequence" in found and not said.startswith(f"record {found['sequence']}: "):
        return f"yettctl says record {found['sequence']}, the script says: {said}"
    if "sequence" not in found and not said.startswith(f"{found['sealed']} of {found['records']} records "):
        return f"yettctl says {found['sealed']} of {found['records']}, the script says: {said}"
    return None


# -- what an intruder does

def flip(line, at, bit):
    return line[:at] + bytes([line[at] ^ 1 << bit]) + line[at + 1:]


def bits(log, part):
    """One bit in each of PART, (record, offset) pairs. Without a signature of its own a record is proved by the next."""
    for k, at in part:
        bit = DICE.randrange(8)
        last = k == len(log.lines) - 1
        here = {k} if log.signed[k] else {k, k + 1}
        yield Case(f"bit {bit} of byte {at} of record {k}", log.with_line(k, flip(log.lines[k], at, bit)),
                   {"form", "number", "hash", "signature", "key"} | ({"torn"} if last else set()), here)


def bits_of_body(log):
    return bits(log, [(k, at) for k, line in enumerate(log.lines) for at in range(DICE.randrange(9), line.rindex(b',"v":1,'), 9)])


def bits_of_chain(log):
    return bits(log, [(k, at) for k, line in enumerate(log.lines)
                      for at in range(line.rindex(b',"v":1,') + DICE.randrange(5), len(line) - 1 - TAIL * log.signed[k], 5)])


def bits_of(name, size):
    def each(log):
        places = [(k, line.rfind(name)) for k, line in enumerate(log.lines) if log.signed[k] or name == b'"prev":"']
        return bits(log, [(k, at + len(name) + i) for k, at in places if at >= 0 for i in range(DICE.randrange(3), size, 3)])
    return each


def bits_of_tail(log):
    return bits(log, [(k, len(line) - 1 - i) for k, line in enumerate(log.lines) if log.signed[k] for i in (1, 2, 3, TAIL - 1)])


def newlines(log):
    for k, line in enumerate(log.lines):
        last = k == len(log.lines) - 1
        yield Case(f"another byte for the newline of record {k}", log.with_line(k, line[:-1] + b" "), "torn" if last else "form", k)
        yield Case(f"no newline at record {k}", log.with_line(k, line[:-1]), "torn" if last else "form", k)
        yield Case(f"an empty line before record {k}", log.with_line(k, b"\n" + line), "form", k)


def deleted(log):
    for k in range(len(log.lines) - 1):
        yield Case(f"without record {k}", log.with_line(k, b""), "number", k)
    for k in range(1, len(log.lines) - 4):
        yield Case(f"without records {k} to {k + 2}", b"".join(log.lines[:k] + log.lines[k + 3:]), "number", k)


def first_missing(log):
    yield Case("without the first", b"".join(log.lines[1:]), "number", 0)
    yield Case("only the last", log.lines[-1], "number", 0)


def swapped(log):
    for k in range(len(log.lines) - 1):
        other = DICE.randrange(k + 1, len(log.lines))
        lines = log.lines[:]
        lines[k], lines[other] = lines[other], lines[k]
        yield Case(f"{k} and {other} swapped", b"".join(lines), "number", k)


def duplicated(log):
    for k, line in enumerate(log.lines):
        yield Case(f"{k} twice", log.with_line(k, line + line), "number", k + 1)
        yield Case(f"{k} again at the end", log.data() + line, "number", len(log.lines))


SUFFIX = re.compile(rb'"seq":\d+,"prev":"[0-9a-f]{64}"(,"next":"[\w-]{43}")?\}(,"sig":"[\w-]{86}")?\}\n$')


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def public(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def make_line(template, seq, prev, key=None, following=None):
    """A record with the members of TEMPLATE in another place, signed by KEY, naming the key FOLLOWING."""
    suffix = b'"seq":%d,"prev":"%s"' % (seq, prev.encode())
    if following:
        suffix += b',"next":"%s"' % b64(public(following))
    body = SUFFIX.sub(lambda _: suffix + b"}", template)
    return body + (b',"sig":"%s"}\n' % b64(key.sign(body)) if key else b"}\n")


def rechain(lines, start, prev, key):
    """LINES, numbered from START on, linked to PREV, with KEY as the signer of all and the next of all."""
    out = []
    for seq, line in enumerate(lines, start):
        out.append(make_line(line, seq, prev, key, key))
        prev = hashlib.sha256(out[-1]).hexdigest()
    return out


def head(lines):
    return hashlib.sha256(lines[-1]).hexdigest() if lines else "0" * 64


def inserted(log):
    own = Ed25519PrivateKey.generate()
    for k in range(1, len(log.lines)):
        before, after = log.lines[:k], log.lines[k:]
        old = log.lines[k - 1]
        unsigned = make_line(old, k, head(before))
        yield Case(f"a record that nobody signed before {k}", b"".join(before + [unsigned] + after), "number", k + 1)
        forged = make_line(old, k, head(before), own, own)
        yield Case(f"one with a signature of its own before {k}", b"".join(before + [forged] + after), "signature", k)
        named = forged[:-TAIL] + b"}\n"
        yield Case(f"one that names a key, unsigned, before {k}", b"".join(before + [named] + after), "key", k)
        yield Case(f"one without link before {k}", b"".join(before + [make_line(old, k, "0" * 64)] + after), "hash", k)


def without_signature(log):
    """Who takes the signatures away has to take the keys away too, and then nothing is sealed."""
    for k, line in enumerate(log.lines):
        if not log.signed[k]:
            continue
        bare, last = line[:-TAIL] + b"}\n", k == len(log.lines) - 1
        if log.ratchets[k]:
            yield Case(f"{k} without its signature", log.with_line(k, bare), "key", k)
        elif not last:
            yield Case(f"{k} without its signature", log.with_line(k, bare), "hash", k + 1)
    bare, prev = [], "0" * 64
    for seq, line in enumerate(log.lines):
        bare.append(make_line(line, seq, prev))
        prev = hashlib.sha256(bare[-1]).hexdigest()
    yield Case("all without", b"".join(bare), "unsealed")


def cut_between(log):
    for k in range(1, len(log.lines)):
        data = b"".join(log.lines[:k])
        yield Case(f"only the first {k}", data, "whole" if log.signed[k - 1] else "unsealed")
        for n in {k, len(log.lines) - 1}:
            yield Case(f"only the first {k}, {n} was seen", data, "cut", None, ("--expect-seq", str(n)))
        for n in {k, len(log.lines) - 1}:
            yield Case(f"only the first {k}, the head of {n} was seen", data, "cut", None, ("--expect-head", head(log.lines[:n + 1])))


def cut_within(log):
    ends = [len(b"".join(log.lines[:k])) for k in range(len(log.lines) + 1)]
    data = log.data()
    for k in range(len(log.lines)):
        for at in {ends[k] + 1, ends[k + 1] - 1, ends[k + 1] - TAIL, DICE.randrange(ends[k] + 1, ends[k + 1])}:
            yield Case(f"cut at byte {at}", data[:at], "torn", k)
            yield Case(f"cut at byte {at}, {k} was seen", data[:at], "cut", None, ("--expect-seq", str(k)))
            yield Case(f"cut at byte {at}, the head of {k} was seen", data[:at], "cut", None,
                       ("--expect-head", head(log.lines[:k + 1]).upper()))


def witnessed(log):
    for k in range(len(log.lines)):
        yield Case(f"{k} was seen and is there", log.data(), "whole", None,
                   ("--expect-seq", str(k), "--expect-head", head(log.lines[:k + 1])))


def first_signed(log, k):
    return next(i for i in range(k, len(log.lines)) if log.signed[i])


def changed(line):
    """Another text in a member that the intruder does not like."""
    return line.replace(b'"action":"', b'"action":"un', 1)


def stolen_key(log):
    """The key that was found on the machine signs everything from the record on that the intruder does not like."""
    for k in range(len(log.lines)):
        lines = log.lines[:k] + rechain([changed(log.lines[k])] + log.lines[k + 1:], k, head(log.lines[:k]), log.key)
        yield Case(f"all from {k} on signed again", b"".join(lines), "signature", k)
        prev, lines = head(log.lines[:k]), log.lines[:k]
        for seq in range(k, len(log.lines)):    # only those that have to be signed, with the keys that stand in them
            template = changed(log.lines[seq]) if seq == k else log.lines[seq]
            line = make_line(template, seq, prev, log.key if log.signed[seq] else None, log.key if log.ratchets[seq] else None)
            prev = hashlib.sha256(line).hexdigest()
            lines.append(line)
        yield Case(f"from {k} on, signed where they were", b"".join(lines), "signature", first_signed(log, k))


def replayed(log):
    """An old prefix, continued with the present key: its last key is another."""
    for k in range(1, len(log.lines)):
        lines = log.lines[:k] + rechain(log.lines[k:], k, head(log.lines[:k]), log.key)
        yield Case(f"the first {k}, continued", b"".join(lines), "signature", k)


def after_the_theft(log):
    """What nobody can notice, and yett-record(5) says so: who holds the present key writes what he likes behind it."""
    more = rechain(log.lines[:2], len(log.lines), head(log.lines), log.key)
    yield Case("continued with the present key", log.data() + b"".join(more), "whole")


def joined(log):
    other = logs[(logs.index(log) + 1) % len(logs)]
    yield Case("another log behind", log.data() + other.data(), "number", len(log.lines))
    yield Case("itself behind", log.data() + log.data(), "number", len(log.lines))
    for k in range(1, len(log.lines) - 1):
        yield Case(f"the end of another log from {k} on", b"".join(log.lines[:k] + other.lines[k:]), "hash", k)


def other_anchor(log):
    for anchor in [public(Ed25519PrivateKey.generate()).hex(), "00" * 32, "ff" * 32, logs[(logs.index(log) + 1) % len(logs)].anchor]:
        yield Case("another anchor", log.data(), "signature", first_signed(log, 0)), anchor


def no_anchor(log):
    yield Case("no anchor", log.data(), "unanchored", None, ("--",)), None
    yield Case("no anchor, one bit", log.with_line(4, flip(log.lines[4], 40, 0)), {"hash", "signature"}, {4, 5}, ("--",)), None
    yield Case("no anchor, a long line", b"x" * (1 << 20), "long", 0, ("--",)), None
    named = make_line(log.lines[0], 0, "0" * 64, log.key or Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate())
    yield Case("no anchor, a key that nobody signed", named[:-TAIL] + b"}\n", "key", 0, ("--",)), None


def other_bytes(log):
    n, data = len(log.lines), log.data()
    yield Case("an empty file", b"", "empty")
    yield Case("one newline", b"\n", "form", 0)
    yield Case("NUL bytes alone", bytes(5000), "torn", 0)
    yield Case("NUL bytes and a newline", bytes(5000) + b"\n", "form", 0)
    yield Case("noise", DICE.randbytes(9000).replace(b"\n", b"") + b"\n", "form", 0)
    yield Case("noise behind it", data + DICE.randbytes(9000).replace(b"\n", b""), "torn", n)
    yield Case("NUL bytes behind it", data + bytes(4096), "torn", n)
    yield Case("NUL bytes and a newline behind it", data + bytes(4096) + b"\n", "form", n)
    yield Case("a JSON object behind it", data + b"{}\n", "form", n)
    yield Case("a line of 1 MiB", b"x" * (1 << 20), "long", 0)
    yield Case("a line of 1 MiB behind it", data + b"x" * (1 << 20) + b"\n", "long", n)
    yield Case("the last record with 1 MiB in it", log.with_line(n - 1, b'{"x":"' + b"y" * (1 << 20) + b'",' + log.lines[-1][1:]), "long", n - 1)
    yield Case("a record that just has no room", log.with_line(2, padded(log.lines[2], 65537)), "long", 2)
    yield Case("a changed record that just has room", log.with_line(2, padded(log.lines[2], 65536)), {"hash", "signature"}, {2, 3})
    yield Case("a byte order mark", b"\xef\xbb\xbf" + data, "form", 0)
    yield Case("UTF-16", data.decode().encode("utf-16-le") + b"\n", "form", 0)
    yield Case("CRLF", data.replace(b"\n", b"\r\n"), "form", 0)
    for k in range(n):
        line = log.lines[k]
        yield Case(f"CRLF at {k}", log.with_line(k, line[:-1] + b"\r\n"), "form", k)
        yield Case(f"a NUL in {k}", log.with_line(k, line[:9] + b"\0" + line[9:]), "form", k)
        yield Case(f"a blank before {k}", log.with_line(k, b" " + line), "form", k)
        yield Case(f"a blank behind {k}", log.with_line(k, line[:-1] + b" \n"), "form", k)
        yield Case(f"a member behind those of {k}", log.with_line(k, line[:-2] + b',"x":1}\n'), "form", k)
        yield Case(f"a second yett in {k}", log.with_line(k, line[:-1 - TAIL * log.signed[k]] + b',"yett":{}}\n'), "form", k)
        yield Case(f"a seq with a zero before in {k}", log.with_line(k, re.sub(rb'"seq":(\d+,"prev")', rb'"seq":0\1', line)), "form", k)


def padded(line, size):
    return b'{"pad":"' + b"x" * (size - len(line) - 9) + b'",' + line[1:]


ALTERED = {"form", "number", "hash", "signature", "key", "long", "torn", "empty", "unsealed"}


def random_edit(log):
    """Bytes that are not those of the log, by one thing that an intruder may do anywhere."""
    lines, k = list(log.lines), DICE.randrange(len(log.lines))
    what = DICE.choice(("bit", "delete", "swap", "double", "insert", "truncate", "byte", "resign") if log.key else
                       ("bit", "delete", "swap", "double", "insert", "truncate", "byte"))
    if what == "bit":
        lines[k] = flip(lines[k], DICE.randrange(len(lines[k])), DICE.randrange(8))
    elif what == "byte":
        at = DICE.randrange(len(lines[k]) + 1)
        lines[k] = lines[k][:at] + DICE.randbytes(DICE.randrange(1, 9)) + lines[k][at:]
    elif what == "delete":
        del lines[k]
    elif what == "swap":
        other = (k + DICE.randrange(1, len(lines))) % len(lines)
        lines[k], lines[other] = lines[other], lines[k]
    elif what == "double":
        lines.insert(DICE.randrange(len(lines) + 1), lines[k])
    elif what == "insert":
        lines.insert(k, changed(DICE.choice(log.lines)))
    elif what == "truncate":
        lines = lines[:k]
    else:
        k = DICE.randrange(len(lines) - 1)
        lines = lines[:k] + rechain([changed(lines[k])] + lines[k + 1:], k, head(lines[:k]), log.key)
    return what, b"".join(lines)


def random_edits(log):
    """YETT_EDITS of them. All are noticed; that the end was cut off, by whoever has seen the last record."""
    for _ in range(int(os.environ.get("YETT_EDITS", "200"))):
        what, data = random_edit(log)
        if data == log.data():
            continue    # two lines that are the same, or a changed word that is not there
        witness = ("--expect-seq", str(len(log.lines) - 1)) if log.data().startswith(data) else ()
        yield Case(f"a random edit: {what}", data, ALTERED | {"cut"} if witness else ALTERED, set(range(len(log.lines) + 2)), witness)


TAMPERS = [
    ("anything, anywhere", random_edits),
    ("one bit in the text of a record", bits_of_body),
    ("one bit in the members of the chain", bits_of_chain),
    ("one bit in prev", bits_of(b'"prev":"', 64)),
    ("one bit in next", bits_of(b'"next":"', 43)),
    ("one bit in sig", bits_of(b'"sig":"', 86)),
    ("one bit around sig", bits_of_tail),
    ("newlines", newlines),
    ("a record is deleted", deleted),
    ("the first record is missing", first_missing),
    ("two records are swapped", swapped),
    ("a record is there twice", duplicated),
    ("a record is inserted", inserted),
    ("a signature is removed", without_signature),
    ("the end is cut off between two records", cut_between),
    ("the end is cut off within a record", cut_within),
    ("a witness of what is there", witnessed),
    ("two logs are joined", joined),
    ("the anchor is another", other_anchor),
    ("there is no anchor", no_anchor),
    ("other bytes", other_bytes),
]
THEFTS = [
    ("the past is signed again with the stolen present key", stolen_key),
    ("an old prefix is continued with the stolen present key", replayed),
    ("the stolen present key writes on", after_the_theft),
]

# -- logs

ODD = ['\\\\', '\\"}', ',\\"v\\":1,\\"log\\":\\"0123456789abcdef\\"', '\\",\\"sig\\":\\"', 'caf\u00e9 \U0001f30d', '\\\\xff\\\\x5cx', '\\u0000\\n', '{}[]']


def bodies():
    """Objects with odd texts in them, without their last two braces."""
    for i, text in enumerate(ODD * 2):
        yield (f'{{"@timestamp":"2026-11-24T00:00:{i:02}.000000000Z","event":{{"action":"exec","sequence":{i}}},'
               f'"process":{{"args":["{text}"]}},"yett":{{"verdict":"allow","matched":["{text}"]')


def write_by_chain():
    """Signed and unsigned ones in batches of every kind, with restarts between and what was never committed lost."""
    commands, texts = [], list(bodies())
    for i, signs in enumerate(["+", "-", "--+", "+", "-+-", "++"]):
        commands += [f"{sign} {texts.pop()}" for sign in signs] + ["commit"]
        if i % 2:
            commands += [f"- {texts[0]}", "restart"]
    log, state = TMP + "/log", TMP + "/state"
    os.mkdir(log)
    os.mkdir(state)
    subprocess.run([BUILD + "/verify/write", log, state], input="\n".join(commands + [""]).encode(), check=True)
    with open(state + "/ratchet", "rb") as f:
        slots = [f.read(4096), f.read(4096)]
    with open(state + "/anchor", encoding="ascii") as f:
        anchor = f.read().strip()
    seeds = [slot[12:44] for slot in slots if slot.startswith(b"YRK1")]
    assert len(seeds) == 1, "there is more than one key on disk"
    return Log("written by the chain", log + "/alerts.jsonl", anchor, Ed25519PrivateKey.from_private_bytes(seeds[0]))


def write_by_format():
    records = []
    for i, body in enumerate(bodies()):
        record = json.loads(body + "}}")
        if i in (1, 4, 5):
            record["unsigned"] = True
        records.append(json.dumps(record))
    path = TMP + "/format.jsonl"
    subprocess.run([sys.executable, os.path.join(HERE, "..", "ctl", "signed.py"), path, TMP + "/format.anchor"],
                   input="\n".join(records[:12]).encode(), check=True)
    with open(TMP + "/format.anchor", encoding="ascii") as f:
        return Log("written from the format", path, f.read().strip())


# -- tests


def tampered(log, name, damage):
    faults, n = [], 0
    for case in damage(log):
        case, anchor = case if isinstance(case, tuple) else (case, log.anchor)
        fault = check(anchor, case)
        n += 1
        if fault:
            faults.append(f"{case.what}: {fault}")
    outcome.test(f"{log.name}, {name}: {n} logs", faults if n else ["nothing was tried"])


def the_script_in_the_manual():
    with open(SCRIPT, encoding="utf-8") as a, open(HERE + "/verify.py", encoding="utf-8") as b:
        printed, own = a.read(), b.read()
    return [] if printed == own else ["the script in yett-record(5) is not tests/verify/verify.py"]


def on_its_own(log):
    """The script as a program: its exit status is what others see."""
    faults = []
    for data, want in [(log.data(), 0), (log.with_line(3, flip(log.lines[3], 20, 0)), 1), (b"", 1), (log.data()[:-1], 1),
                       (b"".join(log.lines[:log.signed.index(False) + 1]), 1)]:
        with open(FILE, "wb") as f:
            f.write(data)
        got = subprocess.run([sys.executable, "-O", SCRIPT, log.anchor, FILE], capture_output=True, check=False).returncode
        if got != want:
            faults.append(f"exit {got}, not {want}, of {len(data)} bytes")
    return faults


def in_pieces(log):
    """Files that continue each other, and in another order do not."""
    faults, names = [], []
    for i, piece in enumerate([log.lines[:3], log.lines[3:7], log.lines[7:]]):
        names.append(f"{TMP}/piece-{i}")
        with open(names[i], "wb") as f:
            f.write(b"".join(piece))
    for order, want in [("012", 0), ("021", 6), ("102", 6), ("01", 0 if log.signed[6] else 1), ("12", 6)]:
        status, found = ask_yettctl(log.anchor, (), [names[int(i)] for i in order])
        if status != want:
            faults.append(f"{order}: exit {status}: {found['why']}")
    with open(names[1], "ab") as f:
        f.write(b"{")
    status, found = ask_yettctl(log.anchor, (), names)
    if status != 6 or found["file"] != names[1]:
        faults.append(f"an end that is torn in the middle: exit {status}: {found}")
    return faults


PIECE = 1 << 20     # what yettctl proves at a time, on as many cores as there are


def large_log():
    commands = []
    for i in range(4000):
        commands.append(f'{"-+"[i % 3 > 0]} {{"@timestamp":"2026-11-24T00:00:00.{i:09}Z","text":"{DICE.randbytes(700 + i % 900).hex()}","yett":{{"n":{i}')
        if i % 7 == 0 or i % 100 == 99:
            commands.append("commit")
    for name in "large-log", "large-state":
        os.mkdir(f"{TMP}/{name}")
    subprocess.run([BUILD + "/verify/write", TMP + "/large-log", TMP + "/large-state"], input="\n".join(commands + ["commit", ""]).encode(), check=True)
    with open(TMP + "/large-state/anchor", encoding="ascii") as f:
        return Log("a log of many pieces", TMP + "/large-log/alerts.jsonl", f.read().strip())


def record_at(log, byte):
    """The record that this byte is in."""
    for k, line in enumerate(log.lines):
        byte -= len(line)
        if byte < 0:
            return k
    return len(log.lines) - 1


def seams(log):
    """Records at the ends of pieces, and one in the middle of one."""
    size = sum(map(len, log.lines))
    assert size > 5 * PIECE
    return sorted({record_at(log, k * PIECE) + d for k in range(1, size // PIECE + 1) for d in (-1, 0, 1)} | {record_at(log, PIECE * 5 // 2)})


def in_large_pieces(log):
    data = log.data()
    at = seams(log)
    yield Case("whole", data, "whole")
    for k in at[::4]:
        yield Case(f"one bit in the text of {k}", log.with_line(k, flip(log.lines[k], 60, 1)), {"hash", "signature"}, {k, k + 1})
    for k in at:    # the script has seen enough
        none = ("--expect-seq", "0")
        yield Case(f"one bit in prev of {k}", log.with_line(k, flip(log.lines[k], log.lines[k].rindex(b'"prev":"') + 9, 0)), {"hash", "form"}, k, none)
        yield Case(f"{k} is missing", b"".join(log.lines[:k] + log.lines[k + 1:]), "number", k, none)
        yield Case(f"{k} has 2 MiB", log.with_line(k, padded(log.lines[k], 2 * PIECE)), "long", k, none)
        yield Case(f"{k} has no end", b"".join(log.lines[:k]) + log.lines[k][:-1], "torn", k, none)
        yield Case(f"the head of {k} was seen", data, "whole", None, ("--expect-head", head(log.lines[:k + 1])))
        yield Case(f"two damages, the first in {k}", b"".join([*log.lines[:k], flip(log.lines[k], 60, 1), *log.lines[k + 1:-1], b"{}\n"]),
                   {"hash", "signature"}, {k, k + 1}, none)
        if log.signed[k]:
            line = flip(log.lines[k], len(log.lines[k]) - 40, 1)
            yield Case(f"one bit in the signature of {k}", log.with_line(k, line), {"signature", "form"}, k, none)
    yield Case("a head that nobody saw", data, "cut", None, ("--expect-head", "ab" * 32))


def from_a_pipe(log):
    """The same comes out, in whatever pieces it comes in; and on one core."""
    faults, data = [], log.data()
    command = [BUILD + "/yettctl", "-c", TMP + "/yett.conf", "verify", "--json", "--key", log.anchor, "/dev/stdin"]
    for name, argv in ("several cores", command), ("one core", ["taskset", "-c", "0", *command]):
        got = subprocess.run(argv, input=data, capture_output=True, timeout=60, check=False)
        found = json.loads(got.stdout)
        want = {"result": "whole", "records": len(log.lines), "sealed": len(log.lines), "bytes": len(data), "files": 1,
                "last_sequence": len(log.lines) - 1, "head": head(log.lines)}
        if got.returncode != 0 or any(found[key] != value for key, value in want.items()):
            faults.append(f"{name}: exit {got.returncode}: {found}")
    return faults


def on_a_terminal(log):
    """A log that takes its time shows how far it is, and leaves nothing behind it."""
    with open(FILE, "wb") as f:
        f.write(log.data())
    primary, secondary = pty.openpty()
    feed = subprocess.Popen(["sh", "-c", f"head -c {2 * PIECE} '{FILE}'; sleep 0.7; tail -c +{2 * PIECE + 1} '{FILE}'"], stdout=subprocess.PIPE)
    got = subprocess.run([BUILD + "/yettctl", "-c", TMP + "/yett.conf", "verify", "--key", log.anchor, "/dev/stdin"], stdin=feed.stdout,
                         stdout=subprocess.PIPE, stderr=secondary, timeout=60, check=False)
    feed.wait()
    os.close(secondary)
    said = os.read(primary, 65536).decode()
    os.close(primary)
    faults = [] if got.returncode == 0 else [f"exit {got.returncode}"]
    if not re.search(r"\r +\d+ MB  \d+ MB/s ", said):
        faults.append(f"nothing of megabytes in {said!r}")
    if not said.endswith("\r") or said.split("\r")[-2].strip():
        faults.append(f"something stays: {said[-80:]!r}")
    return faults


def main():
    with open(TMP + "/yett.conf", "w", encoding="ascii") as f:
        f.write(f"[paths]\nlog = {TMP}\nstate = {TMP}\n")
    outcome.test("the script in yett-record(5) is verify.py", the_script_in_the_manual())
    logs.extend([write_by_chain(), write_by_format()])
    for log in logs:
        outcome.test(f"{log.name}: whole", [fault for fault in [check(log.anchor, Case("whole", log.data(), "whole"))] if fault])
        outcome.test(f"{log.name}: the script on its own", on_its_own(log))
        outcome.test(f"{log.name}: in several files", in_pieces(log))
        for name, damage in TAMPERS + (THEFTS if log.key else []):
            tampered(log, name, damage)
    large = large_log()
    tampered(large, "damage where pieces meet", in_large_pieces)
    outcome.test(f"{large.name}: from a pipe", from_a_pipe(large))
    outcome.test(f"{large.name}: on a terminal", on_a_terminal(large))
    return outcome.summary()


logs = []
sys.exit(main())
