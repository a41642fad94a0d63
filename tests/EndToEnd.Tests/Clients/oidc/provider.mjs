// A real OpenID Connect provider (oidc-provider) for the tests: one client, access tokens as JWTs for one resource.
// Usage: node provider.mjs PORT. It reads lines: "rotate" puts a new key in the place of the old one. Answers on lines.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

const RESOURCE = 'urn:orleans-iot-api';
const wanted = Number(process.argv[2] ?? 0);

const newKey = () => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid: randomUUID(), use: 'sig', alg: 'RS256',
});

const makeProvider = (issuer, key) => new Provider(issuer, {
  jwks: { keys: [key] },
  clients: [{
    client_id: 'robot', client_secret: 'robots-secret-of-the-tests', grant_types: ['client_credentials'],
    redirect_uris: [], response_types: [], token_endpoint_auth_method: 'client_secret_basic',
  }],
  scopes: ['iot-operators', 'iot-viewers'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({
        scope: 'iot-operators iot-viewers', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 600,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  extraTokenClaims: (_, token) => ({ roles: [...token.scopes], org: { name: 'default' } }),
  ttl: { ClientCredentials: 600 },
});

let handle = (_, answer) => answer.writeHead(503).end();
const server = createServer((request, answer) => handle(request, answer));
server.listen(wanted, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const start = () => { handle = makeProvider(issuer, newKey()).callback(); };
  start();
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line === 'rotate') {
      start();
      console.log('rotated');
    }
  }).on('close', () => process.exit(0));
  console.log(issuer);
});
