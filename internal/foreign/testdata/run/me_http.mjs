// Zendesk sends plain HTTP on to HTTPS; the program follows by hand.
import http from 'node:http';
import { get } from 'node:https';
http.get('http://acme.zendesk.com/api/v2/users/me.json', (moved) => {
  moved.resume();
  get(moved.headers.location, { agent: false, auth: 'admin@acme.example/token:demo-api-token-of-acme' }, async (answer) => {
    let body = '';
    for await (const d of answer) body += d;
    console.log(JSON.parse(body).user.email);
  });
});
