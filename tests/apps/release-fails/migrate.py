import sys

print("migrating 1 of 2", flush=True)
sys.exit("column users.email exists already")
