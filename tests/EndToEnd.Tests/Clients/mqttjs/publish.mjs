// Publishes every line of standard input as one QoS 1 message and ends when all of them are acknowledged.
// Usage: publish.mjs URL DEVICE KEY TOPIC PROTOCOL(4|5) [CA]
import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';

const [url, username, password, topic, protocol, ca] = process.argv.slice(2);
const lines = readFileSync(0, 'utf8').split('\n').filter((line) => line.length > 0);
const client = await mqtt.connectAsync(
  url,
  {
    clientId: username,
    username,
    password,
    protocolVersion: Number(protocol),
    reconnectPeriod: 0,
    ca: ca && readFileSync(ca),
  },
  false,
);
const acks = await Promise.all(lines.map((line) => client.publishAsync(topic, line, { qos: 1 })));
await client.endAsync();
console.log(acks.length);
