// The job of stacks that have RTP packets and no codecs.

import { awaits, begin, connected, must, stats, until } from './connect.js';

// payload is one of 100 bytes, no two alike.
const payload = (n) => Uint8Array.from({ length: 100 }, (_, i) => (i < 2 ? n >> (8 * i) : n * 31 + i * 7) & 255);

// rtp sends RTP packets as a stack's sendPackets does, and wants their payload back, byte for byte. sendPackets takes the connection before
// it is set up, and returns {send(payload), got}: what came, as payloads.
export async function rtp(job) {
  let media;
  const c = await begin(job, (pc) => { media = globalThis.sendPackets(pc); });
  await connected(c);
  let sent = 0;
  await until('packets to come back', () => {
    media.send(payload(sent++));
    awaits(`packets to come back: ${sent} sent, ${media.got.length} came`);
    return media.got.length >= 20;
  });
  for (const came of media.got) {
    const want = payload(came[0] | came[1] << 8);
    must(came.length === want.length && want.every((b, i) => b === came[i]), `a payload came back as ${came.length} other bytes`);
  }
  const s = await stats(c.id);
  must(s.rtpIn >= 20, `the server counts ${s.rtpIn} packets`);
  must(/^SRTP_/.test(s.srtpProfile), `srtpProfile is ${s.srtpProfile}`);
  job.facts.rtpIn = s.rtpIn;
}
