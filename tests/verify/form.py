"""Every record that the unit test of alert/ecs.c makes has the form that others expect, and whoever checks that refuses what has not.
Usage: form.py BUILD_DIR SCRIPT EMPTY_DIR"""
import copy
import importlib.machinery
import importlib.util
import json
import os
import re
import subprocess
import sys
import outcome

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD, _, TMP = sys.argv[1:]
loader = importlib.machinery.SourceFileLoader("schema", HERE + "/schema")
schema = importlib.util.module_from_spec(importlib.util.spec_from_loader("schema", loader))
sys.dont_write_bytecode = True
loader.exec_module(schema)


def records():
    env = dict(os.environ, YETT_RECORDS=TMP + "/records.jsonl")
    got = subprocess.run([BUILD + "/unit/test_ecs"], env=env, capture_output=True, check=False)
    assert got.returncode == 0, got.stderr
    with open(TMP + "/records.jsonl", "rb") as f:
        return f.read().splitlines(True)


def faults_of(line):
    try:
        return list(schema.check(line, set()))
    except (ValueError, KeyError, TypeError) as error:
        return [str(error)]


def put(path, value):
    def change(record):
        *way, last = path.split(".")
        for name in way:
            record = record.setdefault(name, {})
        if value is None:
            del record[last]
        else:
            record[last] = value
    return change


WRONG = [
    ("a field that ECS does not have", put("process.favourite", "x")), ("one at the root", put("colour", "red")),
    ("one under yett", put("yett.colour", "red")), ("a member that is missing", put("event.kind", None)),
    ("a kind that ECS does not have", put("event.kind", "notice")), ("a category that ECS does not have", put("event.category", ["shell"])),
    ("a type that its category does not have", put("event.type", ["connection"])),
    ("denied without the category for it", put("event.category", ["process"])),
    ("a category that is no list", put("event.category", "process")), ("a number as a text", put("event.severity", "3")),
    ("a text as a number", put("user.id", 33)), ("a number with a point", put("process.pid", 1.5)),
    ("a number that is no long", put("file.size", 2**63)), ("a date without its nanoseconds", put("@timestamp", "2026-11-24T09:00:00Z")),
    ("a date that is a number", put("file.mtime", 1)), ("an address that is none", put("destination", {"ip": "1.2.3", "port": 1})),
    ("a port that is none", put("destination", {"ip": "1.2.3.4", "port": 70000})), ("a hash that is too short", put("process.hash.sha256", "00")),
    ("one member of the chain without the others", put("yett.seq", 7)), ("a verdict that there is not", put("yett.verdict", "maybe")),
    ("null", put("process.executable", {})),
]


def main():
    lines = records()
    outcome.test(f"{len(lines)} records of the unit test have the form", (f"{why}: {line[:200]!r}" for line in lines for why in faults_of(line)))
    denied = next(json.loads(line) for line in lines if b'"denied"' in line and b'"start"' in line and b'"file":{' in line)
    for name, change in WRONG:
        record = copy.deepcopy(denied)
        change(record)
        outcome.test(f"refused: {name}", [] if faults_of(json.dumps(record).encode()) else ["it was not"])
    whole = json.dumps(denied).encode()
    for name, line in [("a raw control byte", whole.replace(b"bin", b"b\x1fn", 1)), ("a byte that is no UTF-8", whole.replace(b"bin", b"b\xffn", 1)),
                       ("a name that is there twice", whole.replace(b"{", b'{"message":"a","message":"b",', 1)),
                       ("a line that is too long", whole.replace(b"/bin", b"/" + b"b" * 66000, 1))]:
        outcome.test(f"refused: {name}", [] if faults_of(line) else ["it was not"])
    seen = {json.loads(line)["event"]["action"] for line in lines}
    with open(HERE + "/../../src/event/kind.def", encoding="utf-8") as f:
        kinds = re.findall(r'^KIND\(\w+,\s*"([\w-]+)"', f.read(), re.M)
    outcome.test(f"all {len(kinds)} kinds of events are among them", [kind for kind in kinds if kind not in seen] if kinds else ["kind.def has none"])
    return outcome.summary()


sys.exit(main())
