// A real client (openid-client): discovery, then the client_credentials grant (RFC 6749 section 4.4), by the book.
// Usage: node token.mjs ISSUER CLIENT_ID CLIENT_SECRET SCOPE [RESOURCE]. Prints the access token.
// With --verify it also verifies it with the issuer's published keys, as another service would.
import * as client from 'openid-client';

const [issuer, id, secret, scope, resource] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const config = await client.discovery(new URL(issuer), id, undefined, client.ClientSecretBasic(secret),
  { execute: [client.allowInsecureRequests] });
const answer = await client.clientCredentialsGrant(config, { scope, ...(resource ? { resource } : {}) });
if (process.argv.includes('--verify')) {
  const { createRemoteJWKSet, jwtVerify } = await import('jose');
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  await jwtVerify(answer.access_token, keys, { issuer: config.serverMetadata().issuer, typ: 'at+jwt', algorithms: ['ES256'] });
}

console.log(answer.access_token);
