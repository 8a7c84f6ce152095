"""The part that works in the background until it is told to stop."""

import os
import signal
import sys
import threading

stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
if os.environ.get("FAIL") == "worker":
    sys.exit("worker: failing because FAIL=worker")
done = 0
while not stopped.wait(1):
    done += 1
    print(f"worker: job {done} done", flush=True)
print("worker: stopped, nothing half done", flush=True)
