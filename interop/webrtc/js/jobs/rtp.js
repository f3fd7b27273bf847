// The job of stacks that have RTP packets and no codecs.

import { awaits, begin, connected, must, stats, until } from './connect.js';

// rtp sends RTP packets as a stack's sendPackets does, and wants their payload back. sendPackets takes the connection before
// it is set up, and returns {send(payload), got}: what came, as payloads.
export async function rtp(job) {
  let media;
  const c = await begin(job, (pc) => { media = globalThis.sendPackets(pc); });
  await connected(c);
  let sent = 0;
  await until('packets to come back', () => {
    media.send(new Uint8Array(100).fill(sent++ & 255));
    awaits(`packets to come back: ${sent} sent, ${media.got.length} came`);
    return media.got.length >= 20;
  });
  for (const payload of media.got) {
    must(payload.length === 100 && payload.every((b) => b === payload[0]), `a payload of ${payload.length} bytes came back`);
  }
  const s = await stats(c.id);
  must(s.rtpIn >= 20, `the server counts ${s.rtpIn} packets`);
  must(/^SRTP_/.test(s.srtpProfile), `srtpProfile is ${s.srtpProfile}`);
  job.facts.rtpIn = s.rtpIn;
}
