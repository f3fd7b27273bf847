// Jobs with interop/dcpeer at the other end in place of examples/browser.

import { ask, begin, bytes, closed, echoes, keep, open, opened, sleep, until } from './connect.js';

const few = (channel) => [`of ${channel.label}`, bytes(1000)];
const allSizes = () => ['hello', 'Grüße 🙂', '', bytes(0), bytes(1), bytes(1200), bytes(16384), bytes(65535), 'x'.repeat(65536),
  ...(globalThis.messageSizes ? [] : [bytes(262144)]), 'end'];

// oneByOne has each message echoed before the next goes: unordered ones have no order.
async function oneByOne(channel, messages) {
  for (const m of messages) await echoes(channel, [m]);
}

// some sends until a few echoes have come, of a channel that may lose any.
async function some(channel) {
  for (let i = 0; channel.got.length < 3; i++) {
    if (i === 100) throw new Error(`${channel.got.length} echoes of 100 messages on ${channel.label}`);
    channel.send(`message ${i}`);
    await sleep(50);
  }
}

async function echoed(job, lossy) {
  const all = [];
  await begin(job, (pc) => {
    all.push([open(pc, 'plain'), (c) => echoes(c, allSizes())]);
    all.push([open(pc, 'unordered', { ordered: false, protocol: 'p' }), (c) => oneByOne(c, allSizes())]);
    for (const [label, options] of [['once', { ordered: false, maxRetransmits: 0 }], ['timed', { maxPacketLifeTime: 500 }]]) {
      all.push([open(pc, label, options), lossy ? some : (c) => oneByOne(c, few(c))]);
    }
    for (let i = all.length; i < 50; i++) all.push([open(pc, `c${i}`), (c) => echoes(c, few(c))]);
  }, { at: 'dcpeer/echoes' });
  await Promise.all(all.map(async ([channel, use]) => {
    await opened(channel);
    await use(channel);
    channel.close();
    await closed(channel);
  }));
  // A stack may call a channel closed before the other side has said so.
  await until('dcpeer to have closed 50 channels', async () => (await ask('dcpeer')).closed === 50);
}

export const dcpeerEchoes = (job) => echoed(job, false);
export const dcpeerEchoesLossy = (job) => echoed(job, true);

// Both sides open channels, and each echoes on those of the other, which closes them.
export async function dcpeerOpens(job) {
  const theirs = [];
  let ours;
  await begin(job, (pc) => {
    pc.ondatachannel = ({ channel }) => {
      theirs.push(keep(channel));
      channel.onmessage = ({ data }) => channel.send(data);
    };
    ours = open(pc, 'ours');
  }, { at: globalThis.messageSizes ? 'dcpeer/opensWithoutEmpty' : 'dcpeer/opens' });
  await opened(ours);
  await echoes(ours, ['from both sides', bytes(3000)]);
  await until('50 channels of dcpeer', () => theirs.length === 50);
  await until('all of them closed', () => theirs.every((c) => c.readyState === 'closed'));
  ours.close();
  await closed(ours);
  await until('dcpeer to have shut down', async () => (await ask('dcpeer')).ended);
}

export const dcpeerOpensLossy = dcpeerOpens;
