// Jobs in which the server offers.

import { ask, bytes, described, echoes, equal, gathered, keep, must, open, opened, stats, until } from './connect.js';

// called answers the server's offer; edit changes the answer before it is set.
async function called(job, edit) {
  const pc = new RTCPeerConnection();
  const offer = await ask('call', {});
  job.clean.push(async () => {
    pc.close();
    await ask(`close?id=${offer.id}`, {});
  });
  equal(offer.type, 'offer', 'type');
  must(offer.sdp.includes('a=setup:actpass'), 'the offer is not actpass');
  const channels = [];
  pc.ondatachannel = ({ channel }) => channels.push(keep(channel));
  await pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
  await described();
  const answer = await pc.createAnswer();
  await pc.setLocalDescription({ type: 'answer', sdp: edit(answer.sdp) });
  await gathered(pc);
  await ask(`answer?id=${offer.id}`, { type: 'answer', sdp: pc.localDescription.sdp });
  const channel = await until('the channel of the server', () => channels[0]);
  equal(channel.label, 'from-server', 'label');
  await opened(channel);
  await echoes(channel, ['hello', '', bytes(0), bytes(65536)]);
  const own = open(pc, 'own');
  await opened(own);
  await echoes(own, ['of the page']);
  return stats(offer.id);
}

export async function call(job) {
  equal((await called(job, (sdp) => sdp)).dtlsRole, 'server', 'dtlsRole');
}

export async function callAnsweredPassive(job) {
  equal((await called(job, (sdp) => sdp.replaceAll('a=setup:active', 'a=setup:passive'))).dtlsRole, 'client', 'dtlsRole');
}
