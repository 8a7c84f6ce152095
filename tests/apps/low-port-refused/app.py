import os
import sys

# What a server prints where ports below 1024 are for the super-user alone.
sys.exit(f"bind() to 0.0.0.0:{os.environ['PORT']} failed (13: Permission denied)")
