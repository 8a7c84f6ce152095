import signal

print("thinking, listening on nothing", flush=True)
signal.pause()
