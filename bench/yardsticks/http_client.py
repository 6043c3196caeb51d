"""The floor of a client in Python: one request after the other with http.client.

Usage: http_client.py <port> <token> <path> <body> <count>; prints what one call cost as JSON.
"""

import http.client
import json
import sys
import time

port, token, path, body, count = sys.argv[1:]
value = json.loads(body)
connection = http.client.HTTPConnection("127.0.0.1", int(port))
headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}


def call() -> None:
    connection.request("POST", path, json.dumps(value), headers)
    response = connection.getresponse()
    json.loads(response.read())
    if response.status >= 300:
        raise SystemExit(f"status {response.status}")


for _ in range(200):
    call()
cpu, wall = time.process_time(), time.perf_counter()
for _ in range(int(count)):
    call()
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print(json.dumps({"micros": wall * 1e6 / int(count), "cpuMicros": cpu * 1e6 / int(count)}))
