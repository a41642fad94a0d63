"""Publishes every line of standard input as one QoS 1 message and ends when all of them are acknowledged.

Paho resends what was not acknowledged when the connection comes back, as often as it is cut.
Usage: publish.py PORT DEVICE KEY TOPIC PROTOCOL(4|5)
"""
import sys
import threading

import paho.mqtt.client as mqtt

port, device, key, topic, protocol = sys.argv[1:]
lines = [line.rstrip("\n") for line in sys.stdin]
ahead = 1000
free = threading.Semaphore(ahead)

client = mqtt.Client(client_id=device, protocol=int(protocol))
client.username_pw_set(device, key)
client.max_inflight_messages_set(100)
client.max_queued_messages_set(0)
client.reconnect_delay_set(min_delay=1, max_delay=1)
client.on_publish = lambda client, userdata, mid: free.release()
client.connect_async("127.0.0.1", int(port), keepalive=30)
client.loop_start()
for line in lines:
    free.acquire()
    client.publish(topic, line, qos=1)
for _ in range(ahead):
    free.acquire()
client.disconnect()
client.loop_stop()
print(len(lines))
