"""What came of tests, as tests/verify/run reads it."""
passed = failed = 0


def test(name, faults):
    global passed, failed
    faults = [str(fault) for fault in faults]
    if faults:
        failed += 1
        print(f"FAIL  {name}")
        print("".join(f"      {fault}\n" for fault in faults[:10]), end="")
    else:
        passed += 1
        print(f"ok    {name}", flush=True)


def summary():
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
