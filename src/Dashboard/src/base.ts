/** Where the gateway is, without a slash at the end: empty, or its Gateway:PathBase. <base href> says so. */
export const basePath = new URL(document.baseURI).pathname.replace(/[^/]*$/, '').replace(/\/$/, '');
