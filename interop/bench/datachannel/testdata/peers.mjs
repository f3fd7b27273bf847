// Two ends of a data channel in one process of Node.js: node peers.mjs STACK throughput|pingpong SECONDS SIZE
//
// Prints one line of JSON: messages that arrived in that time (round trips for pingpong), wall and CPU time in ns, the longest
// silence in ms, how many were longer than 100 ms and how long these are together. PACKAGES is a file beside node_modules.

import { createRequire } from 'node:module';

const require = createRequire(process.env.PACKAGES);
const [stack, test, seconds, size] = process.argv.slice(2);
const limit = Number(seconds) * 1000; // ms
const message = Buffer.alloc(Number(size));
const high = 1 << 20, low = 512 << 10; // bytes

const stacks = {
  async libwebrtc() {
    const { RTCPeerConnection } = require('@roamhq/wrtc');
    const x = new RTCPeerConnection(), y = new RTCPeerConnection();
    x.onicecandidate = e => e.candidate && y.addIceCandidate(e.candidate);
    y.onicecandidate = e => e.candidate && x.addIceCandidate(e.candidate);
    const a = x.createDataChannel('x');
    const incoming = new Promise(resolve => { y.ondatachannel = e => resolve(e.channel); });
    await x.setLocalDescription(await x.createOffer());
    await y.setRemoteDescription(x.localDescription);
    await y.setLocalDescription(await y.createAnswer());
    await x.setRemoteDescription(y.localDescription);
    if (a.readyState !== 'open') await new Promise(resolve => { a.onopen = resolve; }); // it may be by now, and says so once
    return [a, await incoming].map(c => {
      c.binaryType = 'arraybuffer';
      c.bufferedAmountLowThreshold = low;
      return {
        send: m => c.send(m), buffered: () => c.bufferedAmount,
        onLow: f => { c.onbufferedamountlow = f; }, onMessage: f => { c.onmessage = e => f(e.data); },
      };
    });
  },

  async libdatachannel() {
    const { PeerConnection } = require('node-datachannel');
    const x = new PeerConnection('x', { iceServers: [] }), y = new PeerConnection('y', { iceServers: [] });
    signal(x, y);
    signal(y, x);
    const incoming = new Promise(resolve => { y.onDataChannel(resolve); });
    const a = x.createDataChannel('x');
    await new Promise(resolve => { a.onOpen(resolve); });
    return [a, await incoming].map(c => {
      c.setBufferedAmountLowThreshold(low);
      return {
        send: m => c.sendMessageBinary(m), buffered: () => c.bufferedAmount(),
        onLow: f => c.onBufferedAmountLow(f), onMessage: f => c.onMessage(f),
      };
    });
  },
};

// signal has one peer of libdatachannel tell the other; a candidate may be told before the description that must come first.
function signal(from, to) {
  let early = [];
  from.onLocalDescription((sdp, type) => {
    to.setRemoteDescription(sdp, type);
    for (const [candidate, mid] of early) to.addRemoteCandidate(candidate, mid);
    early = null;
  });
  from.onLocalCandidate((candidate, mid) => {
    if (early) early.push([candidate, mid]); else to.addRemoteCandidate(candidate, mid);
  });
}

const [a, b] = await stacks[stack]();
let received = 0, silence = 0, over = 0, silent = 0, ended = false;
const cpu = process.cpuUsage(), began = process.hrtime.bigint(), start = performance.now();
await new Promise(resolve => {
  let last = start;
  // arrived takes note of a message, or a round trip, and reports whether there is time for more.
  const arrived = () => {
    if (ended) return false;
    const now = performance.now(), gap = now - last;
    last = now;
    received++;
    silence = Math.max(silence, gap);
    if (gap > 100) { over++; silent += gap; }
    ended = now - start >= limit;
    if (ended) resolve();
    return !ended;
  };
  if (test === 'pingpong') {
    b.onMessage(m => b.send(Buffer.from(m)));
    a.onMessage(() => { if (arrived()) a.send(message); });
    a.send(message);
    return;
  }
  b.onMessage(arrived);
  const pump = () => {
    while (!ended && a.buffered() < high) a.send(message);
  };
  a.onLow(pump);
  setInterval(pump, 1); // the event is not told when the amount fell before the callback was there
  pump();
});
const used = process.cpuUsage(cpu);
console.log(JSON.stringify({ Wall: Number(process.hrtime.bigint() - began), CPU: (used.user + used.system) * 1000,
  Received: received, Silence: silence, Over: over, Silent: silent }));
process.exit(0);
