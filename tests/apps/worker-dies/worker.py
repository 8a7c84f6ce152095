import sys
import time

time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 0.5)
sys.exit("the queue does not answer")
