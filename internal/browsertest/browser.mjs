// The browser that the journeys of one test process share: says on a line where it is,
// and closes when the standard input ends, as it does when that process is gone.
// argument: the browser's program.
import { launched } from './lib.mjs';

const browser = await launched(process.argv[2], { served: true });
process.stdout.write(`${browser.wsEndpoint()}\n`);
process.stdin.resume().on('end', () => browser.close());
