// Does the jobs with a WebRTC stack of Node.js: node node.mjs STACK ADDRESS

const [stack, address] = process.argv.slice(2);
const { install } = await import(`./stacks/${stack}.mjs`);
await install();

// Paths are those of the page.
const fetchAnything = globalThis.fetch;
globalThis.fetch = (path, options) => fetchAnything(new URL(path, address), options);

const { run } = await import('./run.js');
const agent = `${stack}, Node.js ${process.version}`;
process.on('unhandledRejection', (error) => console.log('unhandled rejection', error));

for (;;) {
  const response = await fetch('/next');
  if (response.status === 204) continue;
  await fetch('/done', { method: 'POST', body: JSON.stringify(await run(await response.json(), agent)) });
}
