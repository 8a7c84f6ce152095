import os

if os.fork():
    os._exit(0)
os.setsid()
print("serving from the background", flush=True)
