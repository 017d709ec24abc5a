// HTTP/2 and raw sockets go past the proxy, and must find nobody.
import http2 from 'node:http2';
import net from 'node:net';
import dns from 'node:dns/promises';
const codes = await Promise.all([
  new Promise((resolve) => http2.connect('https://acme.zendesk.com').on('error', (e) => resolve(e.code))),
  new Promise((resolve) => net.connect(443, 'acme.zendesk.com').on('error', (e) => resolve(e.code))),
  dns.lookup('acme.zendesk.com').catch((e) => e.code),
]);
console.log(codes.join(' '));
