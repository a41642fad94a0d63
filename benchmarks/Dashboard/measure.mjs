// ./dev bench dashboard [first] [year] [pan] [live] [devices] [--minutes N] [--devices N]: how fast the web app is, in Debian's Chromium against the real backend.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import mqtt from 'mqtt';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const silo = join(here, '../../artifacts/bin/Silo/release/OrleansIoT.Silo.dll');
const [port, mqttPort, chartsPort] = [18080, 11883, 18081];
const origin = `http://localhost:${port}`;
const password = 'a password of a benchmark';
const given = process.argv.slice(2);
const minutes = given.includes('--minutes') ? Number(given[given.indexOf('--minutes') + 1]) : 10;
const devices = given.includes('--devices') ? Number(given[given.indexOf('--devices') + 1]) : 100_000;
const parts = ['first', 'year', 'pan', 'live', 'devices'].filter((part) => given.includes(part) || !given.some((word) => /^[a-z]/.test(word)));
const rows = [];

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const say = (what, goal, result) => {
  rows.push(`| ${what} | ${goal} | ${result} |`);
  console.error(`${what}: ${result}`);
};

const data = mkdtempSync(join(tmpdir(), 'orleans-iot-'));
const server = spawn('dotnet', [silo, '--data', data, '--http', port, '--mqtt', mqttPort, '--mqtts', 'off', '--admin-password', password, '--device-rate', '0'].map(String), {
  env: { ...process.env, IOT_Gateway__RequestRate: '0' }, // devices are registered as fast as it goes
});
await new Promise((resolve, reject) => {
  server.stdout.on('data', (text) => String(text).includes('Ready') && resolve());
  server.on('exit', () => reject(new Error('The server did not start.')));
});
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const token = (await post('/auth/login', { email: 'admin@localhost', password })).auth_token;
  const measures = { first: measureFirstLoad, year: measureYear, pan: measurePan, live: measureLive, devices: measureDevices };
  for (const part of parts) {
    await measures[part](token);
  }

  console.log(['| what | goal | measured |', '|---|---:|---:|', ...rows].join('\n'));
} finally {
  await browser.close();
  server.removeAllListeners('exit');
  server.kill();
  await once(server, 'exit');
  rmSync(data, { recursive: true });
}

async function post(path, body, token) {
  const response = await fetch(origin + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    throw new Error(`${path}: ${response.status}`);
  }

  return response.json();
}

async function signedIn(context) {
  const page = await context.newPage();
  await page.goto(`${origin}/app/login`);
  await page.fill('#email', 'admin@localhost');
  await page.fill('#password', password);
  await page.click('button[type=submit]');
  await page.waitForSelector('nav');
  return page;
}

/** What comes over the wire, and when something that takes input is there: of the page to sign in, and of Home behind it. */
async function measureFirstLoad() {
  for (const [name, place, selector] of [
    ['Login', '/app/login', '#email'],
    ['Home', '/app/', '.fleet, .empty'],
  ]) {
    const results = [];
    for (let round = 0; round < 5; round++) {
      const context = await browser.newContext();
      if (name === 'Home') {
        const first = await signedIn(context);
        await first.close();
      }

      const page = await context.newPage();
      const session = await context.newCDPSession(page);
      await session.send('Network.enable');
      await session.send('Network.setCacheDisabled', { cacheDisabled: true });
      let bytes = 0;
      session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
      await page.addInitScript((wanted) => {
        const look = () => (document.querySelector(wanted) ? (window.interactiveAt = performance.now()) : requestAnimationFrame(look));
        requestAnimationFrame(look);
      }, selector);
      await page.goto(origin + place);
      await page.waitForFunction(() => window.interactiveAt);
      const at = await page.evaluate(() => window.interactiveAt);
      await page.waitForTimeout(500);
      results.push({ bytes, at });
      await context.close();
    }

    say(`${name}, nothing cached: over the wire`, '300 kB', `${Math.round(median(results.map(({ bytes }) => bytes)) / 1000)} kB`);
    say(`${name}, nothing cached: interactive`, '1,000 ms', `${Math.round(median(results.map(({ at }) => at)))} ms`);
  }
}

/** From the click on '1 year' to the frame that shows 525,600 readings. */
async function measureYear(token) {
  const { key } = await post('/devices', { id: 'year' }, token);
  const readings = 365 * 24 * 60;
  const start = Date.now() - readings * 60_000;
  const payloads = Array.from({ length: readings }, (_, i) =>
    JSON.stringify({ ts: new Date(start + i * 60_000).toISOString(), value: Number((20 + 8 * Math.sin(i / 230) + Math.random()).toFixed(2)) }),
  );
  const client = await mqtt.connectAsync(`mqtt://localhost:${mqttPort}`, { username: 'year', password: key, clientId: 'year' });
  for (let i = 0; i < readings; i += 2_000) {
    await Promise.all(payloads.slice(i, i + 2_000).map((payload) => client.publishAsync('devices/year/a', payload, { qos: 1 })));
  }

  await client.endAsync();
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  const page = await signedIn(context);
  const times = [];
  for (let round = 0; round < 7; round++) {
    await page.goto(`${origin}/app/topics/devices/year/a?range=1h`);
    await page.waitForSelector('[data-testid=chart]:not([data-points="0"])');
    await page.waitForTimeout(500);
    times.push(
      await page.evaluate(
        () =>
          new Promise((resolve) => {
            const chart = document.querySelector('[data-testid=chart]');
            const button = [...document.querySelectorAll('[role=radio]')].find((one) => one.textContent.includes('1 year'));
            const begin = performance.now();
            new MutationObserver((_, observer) => {
              if (Number(chart.dataset.points) > 1_000) {
                observer.disconnect();
                requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begin)));
              }
            }).observe(chart, { attributes: true });
            button.click();
          }),
      ),
    );
  }

  say('A year of minutes, from the click to the picture: the first time', '500 ms', `${Math.round(times[0])} ms`);
  say('The same, median of the next six', '500 ms', `${Math.round(median(times.slice(1)))} ms`);
  await context.close();
}

/** 100,000 points, of which half are on the screen, moved frame by frame. */
async function measurePan() {
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
  const files = http.createServer((request, response) => {
    const path = request.url === '/' ? '/index.html' : request.url;
    response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream');
    response.end(extname(path) in types ? readFileSync(join(here, 'dist', path)) : ''); // a browser asks for an icon too
  });
  files.listen(chartsPort);
  const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
  await page.goto(`http://localhost:${chartsPort}/`);
  await page.waitForFunction(() => window.measure);
  for (const library of ['uplot', 'echarts']) {
    await page.evaluate((name) => window.measure(name, 1_000, 30), library);
    const { first, frames } = await page.evaluate((name) => window.measure(name, 100_000, 150), library);
    const rate = 1_000 / (frames.reduce((sum, one) => sum + one, 0) / frames.length);
    const slow = [...frames].sort((a, b) => a - b)[Math.floor(frames.length * 0.95)];
    say(`100,000 points in ${library}: drawn first`, '–', `${Math.round(first)} ms`);
    say(`100,000 points in ${library}: panned`, '30 frames/s', `${rate.toFixed(1)} frames/s, 95 % of them within ${Math.round(slow)} ms`);
  }

  await page.close();
  files.close();
}

/** Twenty topics of one device, ten readings a second each, on its page: processor time of all of Chromium, and memory. */
async function measureLive(token) {
  const { key } = await post('/devices', { id: 'wall' }, token);
  const client = await mqtt.connectAsync(`mqtt://localhost:${mqttPort}`, { username: 'wall', password: key, clientId: 'wall' });
  const topics = Array.from({ length: 20 }, (_, i) => `devices/wall/t${String(i).padStart(2, '0')}`);
  let tick = 0;
  const publish = () => {
    tick++;
    topics.forEach((topic, i) => client.publish(topic, JSON.stringify({ value: Number((20 + i + Math.sin(tick / 30 + i)).toFixed(3)) }), { qos: 1 }));
  };
  publish();
  const timer = setInterval(publish, 100);
  const context = await browser.newContext({ viewport: { width: 1360, height: 2_400 } });
  const page = await signedIn(context);
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  await page.goto(`${origin}/app/devices/wall`);
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=small-chart]').length === 20);
  await wait(15_000);

  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const processor = () => chromiumSeconds();
  const [before, cpu, at] = [await heap(), processor(), Date.now()];
  const heaps = [before.JSHeapUsedSize];
  const nodes = [before.Nodes];
  let [cpuMinute, shown] = [null, 0];
  for (let minute = 1; minute <= minutes; minute++) {
    await wait(60_000);
    if (minute === 1) {
      cpuMinute = { all: (100 * (processor() - cpu)) / ((Date.now() - at) / 1_000), main: 0 };
      const { metrics } = await session.send('Performance.getMetrics');
      cpuMinute.main = (100 * (metrics.find(({ name }) => name === 'TaskDuration').value - before.TaskDuration)) / ((Date.now() - at) / 1_000);
    }

    const now = await heap();
    heaps.push(now.JSHeapUsedSize);
    nodes.push(now.Nodes);
    shown = await page.evaluate(() => [...document.querySelectorAll('[data-testid=small-chart]')].map((chart) => Number(chart.dataset.points)));
    console.error(`minute ${minute}: ${(now.JSHeapUsedSize / 1e6).toFixed(1)} MB, ${Math.max(...shown)} points`);
  }

  clearInterval(timer);
  await client.endAsync();
  say('20 live charts at 10 readings/s: main thread of the page', '20 % of a core', `${cpuMinute.main.toFixed(1)} %`);
  say('The same: all processes of Chromium, without a graphics card', '–', `${cpuMinute.all.toFixed(1)} %`);
  say(`Heap after garbage collection, minute by minute`, 'no growth', `${heaps.map((bytes) => (bytes / 1e6).toFixed(1)).join(' ')} MB`);
  say('Nodes of the document, first and last', 'no growth', `${nodes[0]}, ${nodes.at(-1)}`);
  await context.close();
}

/** A fleet of 100,000 devices, of which 2,000 have published: its pages, from the click, or the last key, to the frame that shows it. */
async function measureDevices(token) {
  const begin = performance.now();
  const keys = [];
  const names = ['Cellar', 'Attic', 'Hall', 'Roof', 'Yard'];
  await all(devices, 128, async (i) => {
    const id = `unit-${String(i).padStart(6, '0')}`;
    const { key } = await post('/devices', { id, name: `${names[i % names.length]} ${i}` }, token);
    if (i % Math.ceil(devices / 2_000) === 0) {
      keys.push({ id, key });
    }
  });
  say(`${devices.toLocaleString('en')} devices registered, one request each`, '–', `${((performance.now() - begin) / 1_000).toFixed(0)} s`);
  await all(keys.length, 50, async (i) => {
    const { id, key } = keys[i];
    const client = await mqtt.connectAsync(`mqtt://localhost:${mqttPort}`, { username: id, password: key, clientId: id });
    for (let reading = 0; reading <= i % 3; reading++) {
      await client.publishAsync(`devices/${id}/t`, JSON.stringify({ value: reading }), { qos: 1 });
    }

    await client.endAsync();
  });

  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  const page = await signedIn(context);
  const row = 'tbody tr a';
  const press = (text) => ({ selector: 'button, a', text });
  const steps = [
    ['Home', press('Home'), '.fleet', String(devices.toLocaleString('en'))],
    ['Devices', press('Devices'), row, '^unit-000000$'],
    ['The next page', press('Next'), row, '^unit-000050$'],
    ['Sorted by when they were last seen', press('Last seen'), row, '^unit-'],
    ['The next page of that', press('Next'), row, '^unit-'],
    ['Sorted by readings', press('Readings'), row, '^unit-'],
    ['Searched for a part of a name', { type: 'roof 4242' }, 'tbody tr:first-child td:nth-child(2)', '^Roof 4242'],
  ];
  const times = steps.map(() => []);
  for (let round = 0; round < 7; round++) {
    await page.goto(`${origin}/app/devices`); // anew, with nothing of the round before in the page
    await wait(5_000); // and what the server had made to answer with is too old by now
    for (const [i, [, act, selector, text]] of steps.entries()) {
      times[i].push(await timed(page, act, selector, text));
      await wait(1_000);
    }
  }

  steps.forEach(([name], i) =>
    say(`${name}, of ${devices.toLocaleString('en')} devices: the first time, and the median of seven`, '500 ms', `${Math.round(times[i][0])} ms, ${Math.round(median(times[i]))} ms`),
  );
  await context.close();
}

/** Runs the work for 0 to count - 1, so many at a time. */
async function all(count, atATime, work) {
  let next = 0;
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      while (next < count) {
        await work(next++);
      }
    }),
  );
}

/** From a click or the last key until what is selected has another text than before, one that is wanted, on the screen. */
function timed(page, act, selector, text) {
  return page.evaluate(
    ({ act, selector, text }) =>
      new Promise((resolve) => {
        const shown = () => document.querySelector(selector)?.textContent.trim() ?? '';
        const before = shown();
        const begin = performance.now();
        const look = () =>
          shown() !== before && new RegExp(text).test(shown())
            ? setTimeout(() => resolve(performance.now() - begin))
            : requestAnimationFrame(look);
        if (act.type) {
          const input = document.querySelector('input[type=search]');
          input.value = act.type;
          input.dispatchEvent(new Event('input', { bubbles: true }));
        } else {
          [...document.querySelectorAll(act.selector)].find((one) => one.textContent.trim() === act.text).click();
        }

        requestAnimationFrame(look);
      }),
    { act, selector, text },
  );
}

/** Processor time that all of this browser's processes have taken, in seconds. */
function chromiumSeconds() {
  const ticks = 100;
  let sum = 0;
  for (const process of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (/chromium/.test(readFileSync(`/proc/${process}/cmdline`, 'latin1'))) {
        const fields = readFileSync(`/proc/${process}/stat`, 'latin1').split(') ')[1].split(' ');
        sum += (Number(fields[11]) + Number(fields[12])) / ticks;
      }
    } catch {
      // It has ended meanwhile.
    }
  }

  return sum;
}
