"""Calls the daemon through the Python SDK, one call after the other.

Usage: sdk_py_child.py <port> <token> <lease token> <count>; prints what one call cost as JSON.
"""

import json
import sys
import time

from parley import Parley

port, token, lease_token, count = sys.argv[1:]

with Parley(base_url=f"http://127.0.0.1:{port}", token=token) as client:
    for _ in range(200):
        client.sessions.drain(name="idle", lease_token=lease_token, max=1)
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(int(count)):
        client.sessions.drain(name="idle", lease_token=lease_token, max=1)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps({"micros": wall * 1e6 / int(count), "cpuMicros": cpu * 1e6 / int(count)}))
