// What all jobs use: waiting, comparing, asking the server, connecting.

// What is awaited now: jobs may wait for several things side by side.
const awaited = new Set();
export const waitingFor = () => [...awaited].map(({ what }) => what).join(', ');

// until waits for a condition, named for the report; it may be asynchronous, and is given what changes that name. It returns the
// condition's value.
export async function until(what, condition, patience = 30000) {
  const waiting = { what };
  awaited.add(waiting);
  try {
    const end = performance.now() + patience;
    for (;;) {
      const value = await condition((now) => { waiting.what = now; });
      if (value) return value;
      if (performance.now() > end) throw new Error(`waited in vain for ${waiting.what}`);
      await sleep(20);
    }
  } finally {
    awaited.delete(waiting);
  }
}

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export function must(condition, message) {
  if (!condition) throw new Error(message);
}

export function equal(got, want, what) {
  must(got === want, `${what} is ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

export async function ask(path, body) {
  const response = await fetch(`/peer/${path}`, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

export const stats = (id) => ask(`stats?id=${id}`);

// begin makes a connection with the job's role; prepare adds channels and tracks. edit changes descriptions on the way, late (ms)
// has the answer come so much later, at is where the offer goes. The connection is not yet up when it returns.
export async function begin(job, prepare, { editOffer = (s) => s, editAnswer = (s) => s, late = 0, configuration, at = 'offer' } = {}) {
  const pc = new RTCPeerConnection(configuration);
  const began = performance.now();
  const c = { pc, id: '', states: [], began };
  job.clean.push(async () => {
    pc.close();
    if (c.id) await ask(`close?id=${c.id}`, {});
  });
  await prepare(pc, c);
  await pc.setLocalDescription(await pc.createOffer());
  await gathered(pc);
  const answer = await ask(`${at}?setup=${job.setup}`, { type: 'offer', sdp: editOffer(pc.localDescription.sdp) });
  equal(answer.type, 'answer', 'type');
  equal(/a=setup:(\w+)/.exec(answer.sdp)?.[1], job.setup, 'a=setup of the answer');
  c.id = answer.id;
  if (late) await sleep(late);
  await pc.setRemoteDescription({ type: 'answer', sdp: editAnswer(answer.sdp) });
  await described();
  watch(c); // not before: with BUNDLE only one of the transports lives on
  return c;
}

// described tells those who keep the path closed until then that a stack has the other side's description.
export const described = () => fetch('/described', { method: 'POST' });

// gathered waits for all candidates of a connection, which then stand in its description.
export const gathered = (pc) => until('candidates', () => pc.iceGatheringState === 'complete');

// dtlsOf returns the transport that carries everything of a connection, as far as the page knows by now: with
// BUNDLE a sender may first show one that is given up.
const dtlsOf = (pc) => pc.sctp?.transport ?? pc.getSenders().find((s) => s.transport)?.transport ?? connectionOf(pc);

// connectionOf stands in for the transport where a stack has none: the state of the whole connection.
const connections = new WeakMap();
function connectionOf(pc) {
  if (!connections.has(pc)) {
    const transport = { get state() { return pc.connectionState === 'disconnected' ? 'closed' : pc.connectionState; }, onstatechange: null };
    pc.onconnectionstatechange = () => transport.onstatechange?.();
    connections.set(pc, transport);
  }
  return connections.get(pc);
}

// watch notes the DTLS states that the page sees. c.dtls is the transport of the moment.
export function watch(c) {
  let watched;
  Object.defineProperty(c, 'dtls', {
    get() {
      const dtls = dtlsOf(c.pc);
      if (dtls && dtls !== watched) {
        watched = dtls;
        const note = () => c.states.push(dtls.state);
        note();
        dtls.onstatechange = note;
      }
      return dtls;
    },
  });
  must(c.dtls, 'no RTCDtlsTransport');
}

// dtlsIs reports whether the page sees this DTLS state, on the transport's object or, where the browser has them, in
// its statistics: on a busy machine Chromium 156 sometimes leaves an object of before BUNDLE in place.
export async function dtlsIs(c, state) {
  if (c.dtls.state === state) return true;
  for (const report of (await c.pc.getStats()).values()) {
    if (report.type === 'transport' && report.dtlsState === state) return true;
  }
  return false;
}

// dtlsFailed reports whether the page sees that DTLS has failed, in the stack's words.
export async function dtlsFailed(c) {
  for (const state of globalThis.failedStates ?? ['failed']) if (await dtlsIs(c, state)) return true;
  return false;
}

export async function connected(c) {
  try {
    await until('DTLS connected', () => dtlsIs(c, 'connected'));
  } catch (e) {
    const { state, dtlsState, timeline } = await stats(c.id);
    throw new Error(`${e.message}; the page saw ${c.states}, ICE ${c.pc.iceConnectionState}; the server ${JSON.stringify({ state, dtlsState, timeline })}`);
  }
}

// withChannel connects with one channel and waits until it is open.
export async function withChannel(job, label, options) {
  let channel;
  const c = await begin(job, (pc) => { channel = open(pc, label, options); });
  await opened(channel);
  job.facts.openMs = Math.round(performance.now() - c.began);
  return { c, channel };
}

// open makes a channel that keeps what it receives.
export function open(pc, label, options) {
  return keep(pc.createDataChannel(label, options));
}

export function keep(channel) {
  channel.binaryType = 'arraybuffer';
  channel.got = [];
  channel.onmessage = ({ data }) => channel.got.push(ArrayBuffer.isView(data) ? new Uint8Array(data).buffer : data); // werift has a Buffer
  return channel;
}

export const opened = (channel) => until(`channel ${channel.label} open`, () => channel.readyState === 'open');
export const closed = (channel) => until(`channel ${channel.label} closed`, () => channel.readyState === 'closed');
export const received = (channel, n) => until(`${n} messages on ${channel.label}`, (awaits) => {
  awaits(`${n} messages on ${channel.label}, ${channel.got.length} now`);
  return channel.got.length >= n;
});

// same compares two messages, kind and bytes.
export function same(got, want, what) {
  if (typeof want === 'string') return equal(got, want, what);
  must(got instanceof ArrayBuffer, `${what} is ${typeof got}, want binary`);
  const [a, b] = [new Uint8Array(got), new Uint8Array(want)];
  equal(a.length, b.length, `length of ${what}`);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) throw new Error(`${what} differs at byte ${i}`);
}

export function bytes(n) {
  const b = new Uint8Array(n);
  for (let i = 0; i < n; i++) b[i] = (i * 131 + (i >> 8)) & 255;
  return b.buffer;
}

// echoes sends messages, as far as a stack can, and wants them back, in order.
export async function echoes(channel, all) {
  const messages = all.filter((m) => !globalThis.messageSizes || (m.length ?? m.byteLength) >= messageSizes.min);
  for (const m of messages) channel.send(m);
  await received(channel, messages.length);
  messages.forEach((m, i) => same(channel.got[i], m, `message ${i}`));
  channel.got = [];
}

// --- media

// camera returns a stream of the browser's fake camera or microphone, which stops with the job.
export const camera = (job, constraints) => navigator.mediaDevices.getUserMedia(constraints).then((stream) => {
  job.clean.push(async () => stream.getTracks().forEach((t) => t.stop()));
  return stream;
});
