// A server of the program's own, asked by each of Node's clients: nothing is in between.
import http from 'node:http';
const server = http.createServer((request, response) => response.end(request.url));
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const said = [await (await fetch(`http://127.0.0.1:${port}/fetched`)).text()];
  http.get({ host: 'localhost', family: 4, port, path: '/got' }, async (answer) => {
    for await (const d of answer) said.push(String(d));
    console.log(said.join(' '));
    server.close();
    server.closeAllConnections();
  });
});
