// Jobs that end: refusals, and each side closing.

import { ask, begin, camera, closed, dtlsFailed, dtlsIs, echoes, equal, must, open, stats, until, withChannel } from './connect.js';

const forge = (sdp) => sdp.replace(/(a=fingerprint:\S+ )(.)/g, (_, before, digit) => before + (digit === '0' ? '1' : '0'));

// refused waits until both sides have given up, and checks that neither was ever connected.
async function refused(job, edit, whose) {
  let channel;
  const arrived = [];
  const stream = globalThis.navigator?.mediaDevices && await camera(job, { audio: true });
  const c = await begin(job, (pc) => {
    channel = open(pc, 'chat');
    pc.ondatachannel = (e) => arrived.push(e.channel.label);
    if (stream) pc.addTrack(stream.getTracks()[0], stream);
  }, edit);
  let serverStates = new Set();
  const s = await until(`${whose} to refuse`, async (awaits) => {
    const v = await stats(c.id);
    serverStates.add(v.dtlsState);
    awaits(`${whose} to refuse: page ${c.states}, server ${[...serverStates]} ${v.error ?? ''}`);
    return v.dtlsState === 'failed' && await dtlsFailed(c) && v;
  }, globalThis.refusalPatience);
  must(!c.states.includes('connected'), `the page's DTLS states: ${c.states}`);
  must(!serverStates.has('connected'), `the server's DTLS states: ${[...serverStates]}`);
  must(channel.readyState !== 'open' && arrived.length === 0, 'a channel opened');
  equal(s.rtpIn, 0, 'rtpIn');
  equal(s.channels, 0, 'channels');
  job.facts.ms = Math.round(performance.now() - c.began);
  return s;
}

export async function wrongOfferFingerprint(job) {
  const s = await refused(job, { editOffer: forge }, 'the server');
  equal(s.fingerprint, 'does not match', 'fingerprint');
}

export const wrongAnswerFingerprint = (job) => refused(job, { editAnswer: forge }, 'the page');

export async function pageCloses(job) {
  const { c, channel } = await withChannel(job, 'chat');
  await echoes(channel, ['before']);
  const from = performance.now();
  c.pc.close();
  // Firefox 153 leaves the RTCDtlsTransport "connected", libdatachannel 0.24 the signalling "stable".
  must(c.pc.signalingState === 'closed' || c.pc.connectionState === 'closed', `signalling ${c.pc.signalingState}, connection ${c.pc.connectionState}`);
  await until('the server to be closed', async (awaits) => {
    const v = await stats(c.id);
    awaits(`the server to be closed, now ${v.dtlsState}`);
    return v.dtlsState === 'closed';
  }, globalThis.refusalPatience);
  job.facts.ms = Math.round(performance.now() - from);
}

export async function serverCloses(job) {
  const { c, channel } = await withChannel(job, 'chat');
  await echoes(channel, ['before']);
  const from = performance.now();
  await ask(`close?id=${c.id}`, {});
  equal((await stats(c.id)).dtlsState, 'closed', 'dtlsState');
  await closed(channel);
  await until('the page\'s DTLS closed', () => dtlsIs(c, 'closed'));
  job.facts.ms = Math.round(performance.now() - from);
}
