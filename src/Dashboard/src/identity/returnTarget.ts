/** Where to go after signing in: an address within this app, and nothing that a browser would take for another site's. */
export function returnTarget(wished: unknown): string {
  return typeof wished === 'string' && /^\/(?![/\\])/.test(wished) && !/^\/(login|register)\b/.test(wished)
    ? wished
    : '/';
}
