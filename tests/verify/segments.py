"""Closed segments of a log: proved by yettctl, by the script and the loop that yett-record(5) prints, by minisign and by signify; and damaged in
every way that somebody has who may write in the directory. Usage: segments.py BUILD_DIR SCRIPT EMPTY_DIR, with loop.sh
beside SCRIPT"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import outcome

BUILD, SCRIPT, TMP = sys.argv[1:]
LOOP = os.path.join(os.path.dirname(SCRIPT), "loop.sh")
LOG, STATE, COPY = (os.path.join(TMP, d) for d in ("log", "state", "copy"))


def test(name, good, said=""):
    outcome.test(name, [] if good else [said or "it is not so"])


def run(*argv, cwd=None):
    got = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    return got.returncode, (got.stdout + got.stderr).decode("utf-8", "replace")


def write(commands):
    subprocess.run([BUILD + "/verify/write", LOG, STATE], input="\n".join(commands).encode() + b"\n", timeout=60, check=True)


def records(n, sealed=True):
    return [f'{"+" if sealed else "-"} {{"@timestamp":"2026-11-27T10:00:00.000000000Z","n":{i},"yett":{{"t":1' for i in range(n)]


def segment(n, end=".jsonl", where=LOG):
    return os.path.join(where, f"alerts-{n:08}{end}")


def anchor():
    with open(STATE + "/anchor", encoding="ascii") as f:
        return f.read().strip()


def verify(where, key=None):
    got = subprocess.run([BUILD + "/yettctl", "-c", TMP + "/yett.conf", "verify", "--json", "--key", key or anchor(), where],
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    try:
        return got.returncode, json.loads(got.stdout)
    except ValueError:
        return got.returncode, {"result": "", "why": got.stderr.decode()}


def script(where):
    files = sorted(glob.glob(where + "/alerts-*.jsonl")) + [where + "/alerts.jsonl"]
    return run(sys.executable, SCRIPT, anchor(), *files)


def loop(where):
    return run("sh", LOOP, cwd=where)


def is_whole(name, where, removed=0):
    status, found = verify(where)
    test(f"{name}: yettctl", status == 0 and found["result"] == "whole" and found.get("segments_removed", 0) == removed, found)
    status, said = loop(where)
    test(f"{name}: the loop", status == 0, said)


def damaged(name, change, why, loop_too=True):
    """CHANGE does something to a copy."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(LOG, COPY)
    change(COPY)
    status, found = verify(COPY)
    test(f"{name}: yettctl", status == 6 and re.search(why, found["why"]), f"exit {status}: {found}")
    if loop_too:
        status, said = loop(COPY)
        test(f"{name}: the loop", status != 0, said)


def edit(n, end, how):
    def change(where):
        path = segment(n, end, where)
        with open(path, "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(how(data))
    return change


def remove(*names):
    def change(where):
        for name in names:
            os.unlink(os.path.join(where, name))
    return change


def swap(a, b):
    def change(where):
        os.rename(a(where), where + "/x")
        os.rename(b(where), a(where))
        os.rename(where + "/x", b(where))
    return change


def signify(where):
    """Each signature by signify, whose key is that which the one before names."""
    pub = os.path.join(TMP, "next.pub")
    shutil.copy(where + "/yett.pub", pub)
    for sums in sorted(glob.glob(where + "/alerts-*.sums")):
        status, said = run("signify-openbsd", "-V", "-p", pub, "-x", sums + ".minisig", "-m", sums)
        test(f"signify: {os.path.basename(sums)}", status == 0, said)
        with open(sums + ".minisig", encoding="ascii") as f:
            key = re.search(r"next=(\S+)", f.read())[1]
        with open(pub, "w", encoding="ascii") as f:
            f.write(f"untrusted comment: next\n{key}\n")


def main():
    os.mkdir(LOG)
    os.mkdir(STATE)
    with open(TMP + "/yett.conf", "w", encoding="ascii") as f:
        f.write(f"[paths]\nstate = {STATE}\nlog = {LOG}\n")
    write(records(3) + ["commit"] + records(2, False) + ["commit", "close"] + records(4) + ["commit", "restart", "close", "close"] +
          records(1) + ["commit", "close"] + records(2) + ["commit"])
    test("three are closed", sorted(os.path.basename(p) for p in glob.glob(LOG + "/alerts-*.jsonl")) ==
         [f"alerts-{n:08}.jsonl" for n in (1, 2, 3)])
    test("the anchor is beside them", open(LOG + "/yett.pub", "rb").read() == open(STATE + "/yett.pub", "rb").read())
    is_whole("closed segments", LOG)
    status, said = script(LOG)
    test("the script", status == 0 and said.startswith("12 of 12 records"), said)
    signify(LOG)
    status, found = verify(LOG)
    test("all records are read", found["records"] == 12 and found["files"] == 4, found)

    byte = lambda data, at, to: data[:at] + to + data[at + 1:]
    damaged("a record of a closed segment is changed", edit(2, ".jsonl", lambda d: d.replace(b'"n":1', b'"n":7', 1)), "signature is wrong|hash is another")
    damaged("a record is removed", edit(1, ".jsonl", lambda d: b"".join(d.splitlines(True)[1:])), "number is wrong")
    damaged("the end of a segment is removed", edit(2, ".jsonl", lambda d: b"".join(d.splitlines(True)[:-1])), "does not end where")
    damaged("a segment is missing", remove("alerts-00000002.jsonl"), "missing between", False)
    damaged("segments change places", swap(lambda w: segment(1, where=w), lambda w: segment(2, where=w)), "number is wrong")
    damaged("sums are changed", edit(2, ".sums", lambda d: byte(d, len(d) - 2, b"0" if d[-2:-1] != b"0" else b"1")), "sums, or their signature")
    damaged("the name of the segment is changed", edit(3, ".sums", lambda d: d.replace(b"00000003", b"00000002")), "sums, or their signature")
    damaged("a signature is changed", edit(1, ".sums.minisig", lambda d: d.replace(b"\nR", b"\nS", 1)), "sums, or their signature")
    damaged("a trusted comment is changed", edit(1, ".sums.minisig", lambda d: d.replace(b"end=5", b"end=6")), "sums, or their signature")
    damaged("the next key is changed", edit(2, ".sums.minisig", lambda d: re.sub(rb"next=RW(.)", lambda m: b"next=RWQ" if m[1] != b"Q" else b"next=RWR", d)),
            "sums, or their signature")
    damaged("the last sums are removed", remove("alerts-00000003.sums", "alerts-00000003.sums.minisig"), "number is wrong", False)
    damaged("sums and segment of the last are removed", remove("alerts-00000003.sums", "alerts-00000003.sums.minisig", "alerts-00000003.jsonl"),
            "number is wrong", False)
    damaged("all sums are removed", lambda w: [os.unlink(p) for p in glob.glob(w + "/*.sums*")], "number is wrong", False)
    damaged("the open one is replaced by a closed one", lambda w: shutil.copy(segment(3, where=w), w + "/alerts.jsonl"), "number is wrong", False)
    other = anchor()[:-1] + ("0" if anchor()[-1] != "0" else "1")
    status, found = verify(LOG, other)
    test("another anchor", status == 6, found)

    write(["pack 1", "pack 2"])
    test("packed ones are there instead", not os.path.exists(segment(1)) and os.path.exists(segment(1, ".jsonl.zst")))
    is_whole("packed segments", LOG)
    damaged("a packed one is cut", edit(2, ".jsonl.zst", lambda d: d[:-9]), "zstd|number|end where", False)
    damaged("a packed one is changed", edit(1, ".jsonl.zst", lambda d: byte(d, len(d) // 2, bytes([d[len(d) // 2] ^ 4]))), ".", False)
    os.unlink(segment(1, ".jsonl.zst"))
    is_whole("the oldest was removed", LOG, 1)
    os.unlink(segment(2, ".jsonl.zst"))
    os.unlink(segment(3))
    is_whole("all closed ones were removed", LOG, 3)
    write(["restart"] + records(1) + ["commit"])
    is_whole("and it went on", LOG, 3)
    first = anchor()
    os.unlink(LOG + "/alerts.jsonl")
    write(["restart"] + records(2) + ["commit", "close"])
    status, found = verify(LOG, first)
    test("the open one was removed: by the anchor of before it is altered", status == 6, found)
    status, found = verify(LOG)
    test("a new log has begun under an anchor of its own", status == 0 and anchor() != first and found["records"] == 2, found)
    test("what there was before is kept aside", len(glob.glob(LOG + "/*/alerts-*.sums")) >= 4, os.listdir(LOG))
    return outcome.summary()


sys.exit(main())
