// A sign-in in the manner of Zendesk's tutorials, with Express and axios.
const crypto = require('crypto');
const express = require('express');
const axios = require('axios');

const zendesk = 'https://acme.zendesk.com';
const redirectURI = `http://localhost:${process.env.PORT}/handle_user_decision`;
const states = new Set();

const app = express();
const page = (body) => `<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,">${body}`;

app.get('/', (request, response) => response.send(page('<a href="/signin">Sign in to Zendesk</a>')));

app.get('/signin', (request, response) => {
  const state = crypto.randomUUID();
  states.add(state);
  response.redirect(`${zendesk}/oauth/authorizations/new?` + new URLSearchParams({
    response_type: 'code', redirect_uri: redirectURI, client_id: 'oauth_tutorial_app', scope: 'read write', state,
  }));
});

app.get('/handle_user_decision', async (request, response) => {
  if (!states.delete(request.query.state)) return response.status(400).send(page('unknown state'));
  const tokens = await axios.post(`${zendesk}/oauth/tokens`, {
    grant_type: 'authorization_code', code: request.query.code, client_id: 'oauth_tutorial_app',
    client_secret: process.env.CLIENT_SECRET, redirect_uri: redirectURI, scope: 'read',
  });
  const me = await axios.get(`${zendesk}/api/v2/users/me.json`, {
    headers: { Authorization: `Bearer ${tokens.data.access_token}` },
  });
  const { name, role } = me.data.user;
  response.send(page(`Hi, ${name}! Your Zendesk Support user role is ${role}.`));
});

app.listen(process.env.PORT, 'localhost', () => console.log('ready'));
