// What the guide of node-zendesk begins with, written for acme.zendesk.com: it knows of
// no other. Prints what it saw as one line of JSON.
import zendesk from 'node-zendesk';

const { createClient } = zendesk;

const granted = await fetch('https://acme.zendesk.com/oauth/tokens', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({
    grant_type: 'client_credentials',
    client_id: 'oauth_tutorial_app',
    client_secret: process.env.CLIENT_SECRET,
    scope: 'read write',
  }),
});
const { access_token: token } = await granted.json();
const client = createClient({ subdomain: 'acme', token, oauth: true });
const saw = {};

// Users.
const me = (await client.users.me()).result;
saw.me = [me.name, me.role];
const made = (await client.users.create({ user: { name: 'Roger Wilco', email: 'roge@acme.example' } })).result;
saw.renamed = (await client.users.update(made.id, { user: { name: 'Roger W.' } })).result.name;
saw.users = (await client.users.list()).map((user) => user.email);
saw.found = (await client.users.search({ query: 'roge@acme.example' })).map((user) => user.name);

// Tickets.
const ticket = (await client.tickets.create({
  ticket: { subject: 'My printer is on fire!', comment: { body: 'The smoke is very colorful.' }, requester_id: made.id, tags: ['fire'] },
})).result;
saw.ticket = [ticket.id, ticket.status, ticket.description];
const { upload: kept } = await client.attachments.upload('crash.log', { filename: 'crash.log', binary: false });
await client.tickets.update(ticket.id, { ticket: { status: 'open', comment: { body: 'See the log.', uploads: [kept.token] } } });
saw.shown = (await client.tickets.show(ticket.id)).result.status;
saw.attached = (await client.attachments.show(kept.attachment.id)).result.attachment.file_name;
saw.comments = (await client.tickets.getComments(ticket.id)).map((comment) => comment.body);
saw.audits = (await client.tickets.exportAudit(ticket.id)).length;
await client.tickets.addTags(ticket.id, { tags: ['smoke'] });
await client.tickets.updateTags(ticket.id, { tags: ['ashes'] });
saw.tags = (await client.tickets.show(ticket.id)).result.tags;

// More than one page.
for (let n = 0; n < 101; n++) {
  await client.tickets.create({ ticket: { subject: `number ${n}`, comment: { body: 'x' } } });
}
const all = await client.tickets.list();
saw.listed = [all.length, new Set(all.map((one) => one.id)).size];
saw.requested = (await client.tickets.listByUserRequested(made.id)).length;
saw.many = (await client.tickets.showMany([2, 3])).result.map((one) => one.subject);
saw.searched = (await client.search.query('type:ticket printer')).result.map((one) => one.subject);

// The end.
await client.tickets.delete(ticket.id);
await client.tickets.show(ticket.id).catch((error) => { saw.gone = error.message.includes('404'); });
await client.users.delete(made.id);
const stranger = createClient({ subdomain: 'acme', token: 'none', oauth: true });
await stranger.tickets.list().catch((error) => { saw.refused = error.statusCode; });
console.log(JSON.stringify(saw));
