// An agent of the program's own, as keep-alive clients have.
const https = require('https');
const agent = new https.Agent({ keepAlive: true });
const options = { agent, auth: 'admin@acme.example/token:demo-api-token-of-acme' };
https.get('https://acme.zendesk.com/api/v2/users/me.json', options, (answer) => {
  let body = '';
  answer.on('data', (d) => { body += d; });
  answer.on('end', () => { console.log(JSON.parse(body).user.email); agent.destroy(); });
});
