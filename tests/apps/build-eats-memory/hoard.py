import sys

hoard = []
for _ in range(128):  # 2 GiB, far above any limit in the tests
    hoard.append(bytearray(b"x") * (16 << 20))
sys.exit("took 2 GiB and nobody minded")
