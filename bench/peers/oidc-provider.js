// oidc-provider with its in-memory adapter: client credentials and introspection.
//   node oidc-provider.js PORT SECRET
import Provider from 'oidc-provider';

const [port, secret] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'bench', client_secret: secret, grant_types: ['client_credentials'],
    redirect_uris: [], response_types: [], token_endpoint_auth_method: 'client_secret_post',
  }],
  scopes: ['read'],
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    devInteractions: { enabled: false },
  },
  routes: { token: '/oauth/tokens', introspection: '/oauth/introspect' },
});
provider.listen(Number(port), '127.0.0.1');
