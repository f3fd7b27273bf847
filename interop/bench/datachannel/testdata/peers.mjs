// Two ends of a data channel in one process of Node.js: node peers.mjs STACK throughput|pingpong|silence COUNT SIZE
//
// COUNT is messages, for silence seconds. Prints one line of JSON: wall and CPU time in ns, longest silence in ms, how many were
// longer than 100 ms and how long these are together. PACKAGES is a file beside node_modules.

import { createRequire } from 'node:module';

const require = createRequire(process.env.PACKAGES);
const [stack, test, count, size] = process.argv.slice(2);
const n = test === 'silence' ? Infinity : Number(count);
const limit = test === 'silence' ? Number(count) * 1000 : Infinity; // ms
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
    await new Promise(resolve => { a.onopen = resolve; });
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
    x.onLocalDescription((sdp, type) => y.setRemoteDescription(sdp, type));
    y.onLocalDescription((sdp, type) => x.setRemoteDescription(sdp, type));
    x.onLocalCandidate((candidate, mid) => y.addRemoteCandidate(candidate, mid));
    y.onLocalCandidate((candidate, mid) => x.addRemoteCandidate(candidate, mid));
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

const [a, b] = await stacks[stack]();
let silence = 0, over = 0, silent = 0, received = 0;
const cpu = process.cpuUsage(), began = process.hrtime.bigint();
await new Promise(resolve => {
  let got = 0, sent = 0, last = 0;
  const start = performance.now();
  if (test === 'pingpong') {
    b.onMessage(m => b.send(Buffer.from(m)));
    a.onMessage(() => { if (++got === n) resolve(); else a.send(message); });
    a.send(message);
    return;
  }
  b.onMessage(() => {
    const now = performance.now();
    if (last) silence = Math.max(silence, now - last);
    if (last && now - last > 100) { over++; silent += now - last; }
    last = now;
    received = ++got;
    if (got === n || now - start >= limit) resolve();
  });
  const pump = () => {
    for (; sent < n && a.buffered() < high; sent++) a.send(message);
  };
  a.onLow(pump);
  setInterval(pump, 1); // the event is not told when the amount fell before the callback was there
  pump();
});
const used = process.cpuUsage(cpu);
console.log(JSON.stringify({ Wall: Number(process.hrtime.bigint() - began), CPU: (used.user + used.system) * 1000,
  Received: received, Silence: silence, Over: over, Silent: silent }));
process.exit(0);
