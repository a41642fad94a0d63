export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly id: string;
  readonly key: string;
}

/** To paste into a shell: ids and keys have no characters that it would take for something else. */
export function mosquittoLine({ host, port, id, key }: Connection): string {
  return [
    `mosquitto_pub -h ${host} -p ${port} -V 5 -q 1 \\`,
    `  -i ${id} -u ${id} -P '${key}' \\`,
    `  -t devices/${id}/temperature -m '{"value": 21.5, "unit": "°C"}'`,
  ].join('\n');
}

/** To paste into a file, for Eclipse Paho: pip install paho-mqtt, or Debian's python3-paho-mqtt. */
export function pythonLines({ host, port, id, key }: Connection): string {
  return [
    'import paho.mqtt.publish as publish',
    '',
    'publish.single(',
    `    "devices/${id}/temperature",`,
    `    '{"value": 21.5, "unit": "°C"}',`,
    `    qos=1, hostname="${host}", port=${port}, client_id="${id}",`,
    `    auth={"username": "${id}", "password": "${key}"})`,
  ].join('\n');
}
