// Sends a Node program's calls through the proxy of `deskauth run`: Node 20 ignores proxy
// variables. Loaded before the program by NODE_OPTIONS=--require. __PROXY__ is replaced
// when this file is written.
//
//   http, https: every Agent opens its connections by its prototype's createConnection,
//                also one that the program made itself; it gets a tunnel instead.
//   fetch:       the dispatcher of undici, at the symbol where all copies of undici look.
//   dns:         what goes past both (http2, raw sockets) finds no Zendesk.
'use strict';

const dns = require('node:dns');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');

const proxy = new URL('__PROXY__');

const bare = (host) => String(host || 'localhost').toLowerCase().replace(/^\[|\]$/g, '').replace(/\.$/, '');

const isLoopback = (host) => {
  const name = bare(host);
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^(::ffff:)?127\./.test(name) ||
    name === '0.0.0.0' || name === '::';
};

const isZendesk = (host) => bare(host) === 'zendesk.com' || bare(host).endsWith('.zendesk.com');

// tunnel asks the proxy for a connection to host:port.
function tunnel(host, port, done) {
  const name = bare(host);
  const target = `${net.isIPv6(name) ? `[${name}]` : name}:${port}`;
  const request = http.request({
    host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: target, headers: { host: target }, agent: false,
  });
  request.once('connect', (response, socket, head) => {
    if (response.statusCode !== 200) {
      socket.destroy();
      const error = new Error(`deskauth run: the proxy answered ${response.statusCode} for ${target}`);
      error.code = 'ECONNREFUSED';
      done(error);
      return;
    }
    if (head.length > 0) socket.unshift(head);
    done(null, socket);
  });
  request.once('error', done);
  request.end();
}

// through gives an Agent's createConnection the way round. A program that brings its own
// createConnection, or a Unix socket, is left alone.
function through(Agent, defaultPort, finish) {
  const direct = Agent.prototype.createConnection;
  Agent.prototype.createConnection = function createConnection(options, done) {
    if (typeof options !== 'object' || options === null || typeof done !== 'function' ||
        options.socketPath || options.socket || isLoopback(options.host)) {
      return direct.apply(this, arguments);
    }
    tunnel(options.host, options.port || defaultPort, (error, socket) => {
      if (error) return done(error);
      try {
        done(null, finish(direct, this, options, socket));
      } catch (problem) {
        socket.destroy();
        done(problem);
      }
    });
    return undefined;
  };
}

through(http.Agent, 80, (direct, agent, options, socket) => socket);
through(https.Agent, 443, (direct, agent, options, socket) => direct.call(agent, { ...options, socket }));

// Touching Response loads Node's undici, which then sets its dispatcher; an Agent of the
// same class takes our way of connecting.
const dispatcher = Symbol.for('undici.globalDispatcher.1');
if (typeof globalThis.Response === 'function' && globalThis[dispatcher]) {
  const Dispatcher = globalThis[dispatcher].constructor;
  globalThis[dispatcher] = new Dispatcher({ connect });
}

function connect({ hostname, port, protocol, servername }, done) {
  const secure = protocol === 'https:';
  const at = Number(port) || (secure ? 443 : 80);
  const upgrade = (socket) => {
    if (!secure) return done(null, socket);
    const options = { socket, ALPNProtocols: ['http/1.1'] };
    const name = bare(servername || hostname);
    if (net.isIP(name) === 0) options.servername = name;
    else options.host = name;
    const wrapped = tls.connect(options);
    const fail = (error) => done(error);
    wrapped.once('error', fail);
    wrapped.once('secureConnect', () => {
      wrapped.removeListener('error', fail);
      done(null, wrapped);
    });
  };
  if (!isLoopback(hostname)) {
    tunnel(hostname, at, (error, socket) => (error ? done(error) : upgrade(socket)));
    return;
  }
  const socket = net.connect({ host: bare(hostname), port: at });
  const fail = (error) => done(error);
  socket.once('error', fail);
  socket.once('connect', () => {
    socket.removeListener('error', fail);
    upgrade(socket);
  });
}

for (const [owner, callback] of [[dns, true], [dns.promises, false]]) {
  const lookup = owner.lookup;
  owner.lookup = function (host, ...rest) {
    if (!isZendesk(host)) return lookup.call(this, host, ...rest);
    const error = new Error(`getaddrinfo ENOTFOUND ${host} (deskauth run: this call goes past the proxy)`);
    Object.assign(error, { code: 'ENOTFOUND', errno: -3008, syscall: 'getaddrinfo', hostname: host });
    if (!callback) return Promise.reject(error);
    process.nextTick(rest[rest.length - 1], error);
    return undefined;
  };
}
