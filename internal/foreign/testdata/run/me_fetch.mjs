const basic = Buffer.from('admin@acme.example/token:demo-api-token-of-acme').toString('base64');
const answer = await fetch('https://acme.zendesk.com/api/v2/users/me.json', { headers: { Authorization: `Basic ${basic}` } });
console.log((await answer.json()).user.email);
