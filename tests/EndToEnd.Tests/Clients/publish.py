"""Publishes every line of standard input as one QoS 1 message and ends when all of them are acknowledged.

Paho resends what was not acknowledged when the connection comes back, as often as it is cut.
Usage: publish.py PORT DEVICE KEY TOPIC PROTOCOL(4|5)
"""
import sys
import threading

import paho.mqtt.client as mqtt

port, device, key, topic, protocol = sys.argv[1:]
lines = [line.rstrip("\n") for line in sys.stdin]
waiting = set()
done = threading.Condition()

client = mqtt.Client(client_id=device, protocol=int(protocol))
client.username_pw_set(device, key)
client.max_inflight_messages_set(100)
client.max_queued_messages_set(0)
client.reconnect_delay_set(min_delay=1, max_delay=1)


def on_publish(client, userdata, mid):
    with done:
        waiting.discard(mid)
        done.notify()


client.on_publish = on_publish
client.connect_async("127.0.0.1", int(port), keepalive=30)
client.loop_start()
for line in lines:
    with done:
        done.wait_for(lambda: len(waiting) < 1000)
        waiting.add(client.publish(topic, line, qos=1).mid)
with done:
    done.wait_for(lambda: not waiting)
client.disconnect()
client.loop_stop()
print(len(lines))
