import { expect, it } from 'vitest';
import { mosquittoLine, pythonLines } from './connectLines';

const connection = { host: 'iot.example.org', port: 1884, id: 'meter-7', key: 'kT0w-Yd5u_9' };

it.each([mosquittoLine, pythonLines])('%o names the host, the port, the device, its key and its topic', (lines) => {
  for (const part of ['iot.example.org', '1884', 'meter-7', 'kT0w-Yd5u_9', 'devices/meter-7/temperature', '21.5']) {
    expect(lines(connection)).toContain(part);
  }
});
