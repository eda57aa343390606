"""Records survive being carried away: 10,000 of them go through rsyslogd as README.md configures it, which is stopped on the way, and
what arrives is proved by both verifiers with nothing but the anchor. Usage: fleet.py BUILD_DIR SCRIPT EMPTY_DIR"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import outcome

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD, SCRIPT, TMP = sys.argv[1:]
RECORDS = 10000
DICE = random.Random(10000)
ODD = ["caf\u00e9 \U0001f30d", "%msg% $!all", "\\xff\\x5cx", 'a "quoted" \\ word', "  blanks  ", "\u009b31m", "<13>Nov 24 web1 tag: ", "#040", "{}"]


def body(n):
    """What alert_json() leaves, now and then as long as a record can be."""
    size = 60000 if n % 997 == 0 else DICE.choice([300, 900, 3000])
    args = [DICE.choice(ODD), "x" * DICE.randrange(size)]
    record = {"@timestamp": f"2026-11-24T00:{n // 60 % 60:02}:{n % 60:02}.{n:09}Z", "process": {"args": args}, "yett": {"n": n}}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))[:-2]


def write(first, last):
    commands = [line for n in range(first, last) for line in ["+ " + body(n)] + ["commit"] * (n % 20 == 19)]
    subprocess.run([BUILD + "/verify/write", TMP + "/log", TMP + "/state"], input="\n".join(commands + ["commit", ""]).encode(), check=True)


def configuration():
    """As README.md has it, with other places."""
    with open(HERE + "/../../README.md", encoding="utf-8") as f:
        text = re.search(r"^```rsyslog\n(.*?)^```$", f.read(), re.M | re.S).group(1)
    for path, mine in [("/var/spool/rsyslog", "/spool"), ("/var/log/yett/", "/log/"), ("/srv/yett/", "/far/")]:
        assert path in text, f"README.md says nothing of {path}"
        text = text.replace(path, TMP + mine)
    with open(TMP + "/rsyslog.conf", "w", encoding="utf-8") as f:
        f.write(text)


class Rsyslogd:
    def __init__(self):
        program = shutil.which("rsyslogd", path=os.environ.get("PATH", "") + ":/usr/sbin")
        assert program, "there is no rsyslogd: make deps"
        with open(TMP + "/rsyslog.err", "ab") as err:
            self.process = subprocess.Popen([program, "-n", "-f", TMP + "/rsyslog.conf", "-i", TMP + "/rsyslog.pid"], stderr=err, stdout=err)

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)


def size(path):
    return os.stat(path).st_size if os.path.exists(path) else 0


def arrives(least, seconds):
    """Waits until so many bytes are there."""
    until = time.monotonic() + seconds
    while size(TMP + "/far/alerts.jsonl") < least and time.monotonic() < until:
        time.sleep(0.05)
    return size(TMP + "/far/alerts.jsonl") >= least


def carry():
    faults = []
    write(0, RECORDS // 2)
    daemon = Rsyslogd()
    if not arrives(size(TMP + "/log/alerts.jsonl") // 2, 60):
        faults.append("not half of the first half has come")
    faults += ["rsyslogd did not end well"] * (daemon.stop() != 0)
    write(RECORDS // 2, RECORDS)
    daemon = Rsyslogd()
    if not arrives(size(TMP + "/log/alerts.jsonl"), 60):
        faults.append(f"{size(TMP + '/far/alerts.jsonl')} of {size(TMP + '/log/alerts.jsonl')} bytes have come")
    faults += ["rsyslogd did not end well"] * (daemon.stop() != 0)
    with open(TMP + "/rsyslog.err", encoding="utf-8", errors="replace") as f:
        return faults + (f.read().splitlines() if faults else [])


def verdicts(path):
    """Exit codes of both verifiers, and what yettctl says."""
    with open(TMP + "/state/anchor", encoding="ascii") as f:
        anchor = f.read().strip()
    ours = subprocess.run([BUILD + "/yettctl", "-c", TMP + "/yett.conf", "verify", "--json", "--key", anchor, path], capture_output=True, check=False)
    script = subprocess.run([sys.executable, SCRIPT, anchor, path], capture_output=True, check=False)
    return ours.returncode, script.returncode, json.loads(ours.stdout)


def proof(far):
    ours, script, found = verdicts(far)
    if ours or found["records"] != RECORDS or found["sealed"] != RECORDS:
        yield f"yettctl: exit {ours}: {found}"
    if script:
        yield f"the script of yett-record(5): exit {script}"


def tampered(far):
    """The same, after somebody on the way changed a letter."""
    with open(far, "rb") as f:
        lines = f.read().splitlines(True)
    k = RECORDS // 3
    lines[k] = lines[k].replace(b'"args":["', b'"args":["!', 1)
    with open(TMP + "/changed.jsonl", "wb") as f:
        f.write(b"".join(lines))
    ours, script, found = verdicts(TMP + "/changed.jsonl")
    if ours != 6 or script != 1 or found.get("sequence") not in (k, k + 1):
        yield f"exit {ours} and {script}: {found}"


def main():
    for name in ("log", "state", "spool", "far"):
        os.mkdir(f"{TMP}/{name}")
    with open(TMP + "/yett.conf", "w", encoding="ascii") as f:
        f.write(f"[paths]\nlog = {TMP}/none\nstate = {TMP}/none\n")
    configuration()
    far = TMP + "/far/alerts.jsonl"
    outcome.test(f"rsyslogd: {RECORDS} records go through it, which is stopped on the way", carry())
    same = subprocess.run(["cmp", TMP + "/log/alerts.jsonl", far], capture_output=True, check=False)
    outcome.test("rsyslogd: what arrives are the bytes that were written", [same.stdout + same.stderr] if same.returncode else [])
    outcome.test("rsyslogd: both verifiers prove it by the anchor", proof(far))
    outcome.test("rsyslogd: and notice a letter that was changed on the way", tampered(far))
    return outcome.summary()


sys.exit(main())
