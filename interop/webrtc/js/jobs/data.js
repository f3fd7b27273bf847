// Jobs with data channels.

import { begin, bytes, closed, echoes, equal, keep, must, open, opened, received, stats, until, withChannel } from './connect.js';

export async function reports(job) {
  const { c } = await withChannel(job, 'chat');
  const s = await until('the server to be connected', async () => { const v = await stats(c.id); return v.state === 'connected' && v; });
  equal(s.dtlsState, 'connected', 'dtlsState');
  equal(s.dtlsRole, job.setup === 'active' ? 'client' : 'server', 'dtlsRole');
  equal(s.fingerprint, 'matches', 'fingerprint');
  equal(s.extendedMasterSecret, true, 'extendedMasterSecret');
  must(/^TLS_ECDHE_/.test(s.cipherSuite), `cipherSuite is ${s.cipherSuite}`);
  must(s.group, 'no group');
  must(s.timeline.ice <= s.timeline.dtls, `timeline ${JSON.stringify(s.timeline)}`);
  const certificate = await c.pc.getStats().then((r) => [...r.values()].find((v) => v.type === 'transport'));
  if (certificate?.dtlsCipher) equal(certificate.dtlsCipher, s.cipherSuite, 'dtlsCipher in the page');
  Object.assign(job.facts, s.timeline);
}

export async function echo(job) {
  const { channel } = await withChannel(job, 'chat');
  await echoes(channel, ['hello', 'Grüße 🙂', '', bytes(1), bytes(0), bytes(1200), bytes(16384), bytes(65535), bytes(65536), 'x'.repeat(65536), 'end']);
  const many = Array.from({ length: 300 }, (_, i) => `message ${i}`);
  await echoes(channel, many);
}

export async function unreliable(job) {
  let a, b;
  await begin(job, (pc) => {
    a = open(pc, 'lossy', { ordered: false, maxRetransmits: 0 });
    b = open(pc, 'timed', { ordered: true, maxPacketLifeTime: 500, protocol: 'p' });
  });
  for (const channel of [a, b]) {
    await opened(channel);
    await echoes(channel, ['one']); // the path is loopback: nothing is lost
    await echoes(channel, [bytes(3000)]);
  }
}

export async function mirror(job) {
  const wanted = [
    { name: 'plain', options: {} },
    { name: 'retransmits', options: { ordered: false, maxRetransmits: 3 } },
    { name: 'lifetime', options: { maxPacketLifeTime: 1500, protocol: 'chess/2' } },
    { name: 'sink', options: { ordered: false } }, // a mirrored channel echoes whatever its name
  ];
  const mirrored = new Map();
  const channels = [];
  await begin(job, (pc) => {
    pc.ondatachannel = ({ channel }) => mirrored.set(channel.label, keep(channel));
    for (const w of wanted) channels.push(open(pc, `mirror:${w.name}`, w.options));
  });
  for (const [i, w] of wanted.entries()) {
    await opened(channels[i]);
    const back = await until(`channel ${w.name} back`, () => mirrored.get(w.name));
    await opened(back);
    equal(back.ordered, w.options.ordered ?? true, `${w.name} ordered`);
    equal(back.maxRetransmits, w.options.maxRetransmits ?? null, `${w.name} maxRetransmits`);
    equal(back.maxPacketLifeTime, w.options.maxPacketLifeTime ?? null, `${w.name} maxPacketLifeTime`);
    equal(back.protocol, w.options.protocol ?? '', `${w.name} protocol`);
    must(back.id === 65535 || channels[i].id === 65535 || back.id % 2 !== channels[i].id % 2, `both sides use ids ${back.id} and ${channels[i].id}`); // libdatachannel 0.24 may say 65535
    await echoes(back, ['over the mirrored channel']);
    await echoes(channels[i], ['over the channel itself']);
  }
}

export async function sink(job) {
  const { channel } = await withChannel(job, 'sink');
  let total = 0;
  for (let i = 0; i < (globalThis.messageCount ?? 2000); i++) {
    const size = Math.max(i % 1000, globalThis.messageSizes?.min ?? 0);
    channel.send(new Uint8Array(size));
    total += size;
  }
  channel.send('text counts as well');
  total += 19;
  channel.send('end');
  await received(channel, 1);
  equal(channel.got[0], `${(globalThis.messageCount ?? 2000) + 1} ${total}`, 'the sink');
}

export async function source(job) {
  const { channel } = await withChannel(job, 'source');
  channel.send('500 4000');
  await received(channel, 500);
  channel.got.forEach((m, i) => {
    equal(m.byteLength, 4000, `length of message ${i}`);
    equal(new DataView(m).getUint32(0), i, `number of message ${i}`);
  });
  channel.got = [];
  if (globalThis.messageSizes) return;
  channel.send('2 262144');
  await received(channel, 2);
  equal(channel.got[1].byteLength, 262144, 'length of a large message');
}

export async function closeMe(job) {
  let doomed, other;
  await begin(job, (pc) => { doomed = open(pc, 'close-me'); other = open(pc, 'other'); });
  await opened(doomed);
  await opened(other);
  doomed.send('now');
  await closed(doomed);
  await echoes(other, ['still here']);
  other.close(); // from our side this time
  await closed(other);
}

export async function manyChannels(job) {
  const channels = [];
  const c = await begin(job, (pc) => { for (let i = 0; i < 60; i++) channels.push(open(pc, `c${i}`)); });
  for (const channel of channels) await opened(channel);
  await Promise.all(channels.map((channel, i) => echoes(channel, [`${i}`, bytes(i)])));
  await until('60 channels at the server', async () => (await stats(c.id)).channels === 60);
}

// empty messages have a kind and no length (RFC 8831, Section 6.6).
export async function empty(job) {
  const { channel } = await withChannel(job, 'chat');
  for (const m of ['', bytes(0), 'end']) channel.send(m);
  await until('3 messages', () => channel.got.length >= 3, globalThis.messageSizes ? 6000 : undefined);
  equal(channel.got[0], '', 'the empty text');
  equal(channel.got[1].byteLength, 0, 'length of the empty binary message');
}

// connects is what paths are tried with: a connection, and that it works.
export async function connects(job) {
  const { channel } = await withChannel(job, 'chat');
  await echoes(channel, ['hello', bytes(3000)]);
}

// connectsSoon is connects for what will not come.
export async function connectsSoon(job) {
  let channel;
  await begin(job, (pc) => { channel = open(pc, 'chat'); });
  await until('channel chat open', () => channel.readyState === 'open', 6000);
}

export async function lateAnswer(job) {
  let channel;
  await begin(job, (pc) => { channel = open(pc, 'chat'); }, { late: 2000 });
  await opened(channel);
  await echoes(channel, ['better late than never']);
}

export async function rsaCertificate(job) {
  const configuration = globalThis.rsaConfiguration ? await rsaConfiguration() : {
    certificates: [await RTCPeerConnection.generateCertificate({ name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' })],
  };
  let channel;
  const c = await begin(job, (pc) => { channel = open(pc, 'chat'); }, { configuration });
  await opened(channel);
  await echoes(channel, ['signed with RSA']);
  equal((await stats(c.id)).fingerprint, 'matches', 'fingerprint');
}
