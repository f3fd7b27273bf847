// What werift loses on lossy paths, with libdatachannel at the other end in place of ours: node evidence.mjs werift|libdatachannel
//
// Each line is an experiment: how many messages were sent to, or by, the stack that is named, and how many came before one did not
// within 30 s; the last one goes on until that happens, or for 100 rounds. With libdatachannel at both ends all of them come. The faults are those of symptoms in stacks/werift.mjs; the last one shows by chance.

import dgram from 'node:dgram';
import { PeerConnection } from 'node-datachannel';
import { RTCPeerConnection } from 'werift';

const stack = process.argv[2];
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function until(condition, patience = 30000) {
  for (const end = Date.now() + patience; !condition() && Date.now() < end;) await sleep(5);
  return condition();
}

// loss is the share of records with data that is lost.
let loss = 0;

// relay returns the port of a lossy path to an address; its choices have a seed.
async function relay(host, port) {
  let seed = 1;
  const loses = (b) => b[0] === 23 && loss > 0 && (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff < loss;
  const front = dgram.createSocket('udp4'), backs = new Map();
  front.on('message', (b, from) => {
    const key = `${from.address} ${from.port}`;
    if (!backs.has(key)) {
      const back = dgram.createSocket('udp4').on('message', (m) => { if (!loses(m)) front.send(m, from.port, from.address); });
      backs.set(key, back);
    }
    if (!loses(b)) backs.get(key).send(b, port, host);
  });
  await new Promise((resolve) => { front.bind(0, '127.0.0.1', resolve); });
  return front.address().port;
}

// relayed puts a relay before each candidate of a description.
async function relayed(sdp) {
  const lines = [];
  for (const line of sdp.split('\r\n')) {
    const f = line.split(' ');
    if (!line.startsWith('a=candidate:')) lines.push(line);
    else if (f[2].toLowerCase() === 'udp' && !f[4].includes(':')) lines.push([...f.slice(0, 4), '127.0.0.1', await relay(f[4], f[5]), ...f.slice(6)].join(' '));
  }
  return lines.join('\r\n');
}

// offers are the ends that are looked at: {sdp, accept(answer), send(message), got}, with channels "ordered" and "other".
const offers = {
  async werift(options) {
    const pc = new RTCPeerConnection({ iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'] });
    const got = [], ordered = pc.createDataChannel('ordered');
    pc.createDataChannel('other', options);
    ordered.onMessage.subscribe((m) => got.push(m));
    await pc.setLocalDescription(await pc.createOffer());
    await until(() => pc.iceGatheringState === 'complete');
    return { sdp: pc.localDescription.sdp, accept: (sdp) => pc.setRemoteDescription({ type: 'answer', sdp }), send: (b) => ordered.send(b), got, state: () => stuck(pc.sctpTransport.sctp) };
  },
  async libdatachannel({ maxRetransmits, ordered: inOrder = true }) {
    const pc = new PeerConnection('', { iceServers: [] });
    const got = [], ordered = pc.createDataChannel('ordered');
    const other = pc.createDataChannel('other', { unordered: !inOrder, maxRetransmits });
    ordered.onMessage((m) => got.push(m));
    await until(() => pc.gatheringState() === 'complete');
    return { sdp: pc.localDescription().sdp, accept: (sdp) => pc.setRemoteDescription(sdp, 'answer'), send: (b) => ordered.sendMessageBinary(b), got, kept: [pc, other] };
  },
};

// stuck tells of a sender of werift that sends no more.
const stuck = ({ outboundQueue, sentQueue, flightSize, cwnd }) => (outboundQueue.length && !sentQueue.length ? `; its sender counts ${flightSize} bytes in flight of ${cwnd}, and has no packet out` : '');

// connected returns both ends; far is libdatachannel's: {ordered, other, got}.
async function connected(options) {
  const near = await offers[stack](options);
  const far = { pc: new PeerConnection('', { iceServers: [] }), got: [] };
  far.pc.onDataChannel((channel) => {
    far[channel.getLabel()] = channel;
    channel.onMessage((m) => far.got.push(m));
  });
  far.pc.setRemoteDescription(await relayed(near.sdp), 'offer');
  await until(() => far.pc.gatheringState() === 'complete');
  await near.accept(await relayed(far.pc.localDescription().sdp));
  if (!await until(() => far.ordered?.isOpen() && far.other?.isOpen())) throw new Error('not connected');
  return { near, far };
}

// experiment plays rounds until the messages of one do not come.
async function experiment(what, options, share, rounds, each, play, came) {
  loss = 0;
  const ends = await connected(options);
  loss = share;
  let n = 0;
  for (; n < rounds; n++) {
    await play(ends);
    if (!await until(() => came(ends) >= (n + 1) * each)) break;
  }
  console.log(`${stack}: ${what}: ${Math.min(n + 1, rounds) * each} sent, ${came(ends)} came${ends.near.state?.() ?? ''}`);
}

await experiment('messages of 60000 bytes beside unreliable ones', { ordered: false, maxRetransmits: 0 }, 0.05, 60, 1, ({ far }) => {
  for (let i = 0; i < 3; i++) far.other.sendMessage('unreliable');
  far.ordered.sendMessageBinary(Buffer.alloc(60000));
}, ({ near }) => near.got.length);

await experiment('two messages with one on another channel between them', {}, 0.05, 100, 2, async ({ far }) => {
  for (const channel of [far.ordered, far.other, far.ordered]) {
    channel.sendMessage('small');
    await sleep(3);
  }
}, ({ near }) => near.got.length);

await experiment('messages that it sends', {}, 0.15, 100, 10, ({ near }) => {
  for (let i = 0; i < 10; i++) near.send(Buffer.alloc(200 + 3000 * (i % 3)));
}, ({ far }) => far.got.length);

process.exit(0);
