// werift, which is all TypeScript: RTP packets without codecs.

import { dePacketizeRtpPackets, MediaStreamTrack, PictureLossIndication, RTCCertificate, RTCDataChannel, RTCPeerConnection, RTCSessionDescription, RtpHeader, RtpPacket } from 'werift';
import { made } from './rsa.mjs';

export function install() {
  Object.assign(globalThis, { RTCPeerConnection, RTCSessionDescription, sendPackets });
  globalThis.rsaConfiguration = () => {
    const { key, certificate } = made();
    return { certificates: [new RTCCertificate(key, certificate, { hash: 4, signature: 1 })] }; // SHA-256, RSA
  };
  globalThis.refusalPatience = 8000; // it does not come
  globalThis.messageCount = 200; // 2000 take it half a minute
  globalThis.messageSizes = { min: 1 }; // nothing follows an empty one, and it takes none of 256 KiB
  // It numbers its channels by its role in ICE and not by that in DTLS (RFC 8832, Section 6), which the job connectsSoon shows. Where the
  // two differ, others get their numbers here.
  const { createDataChannel } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.createDataChannel = function (label, options) {
    const { name, setup } = globalThis.current;
    if (setup === 'passive' && name !== 'connectsSoon') this.next = (this.next ?? -2) + 2;
    if (name === 'callAnsweredPassive') this.next = (this.next ?? -1) + 2;
    const channel = createDataChannel.call(this, label, this.next === undefined ? options : { ...options, id: this.next });
    globalThis.symptoms = () => symptoms(this.sctpTransport.sctp);
    noticePruning(Object.getPrototypeOf(this.sctpTransport.sctp));
    return channel;
  };
  const { send } = RTCDataChannel.prototype;
  RTCDataChannel.prototype.send = function (data) { // it takes a Buffer and no ArrayBuffer
    return send.call(this, typeof data === 'string' ? data : Buffer.from(data));
  };
}

const after = (a, b) => a !== b && ((a - b) & 0x80000000) === 0; // RFC 1982
const first = 2, last = 1, unordered = 4; // flags of a fragment

// noticePruning counts what a FORWARD-TSN throws away of messages that it is not about: fragments that came after what it skips, of a
// message that is not whole yet; and ordered ones that it does not name, which were kept although they were due. Such a message, and
// what follows it in order, never comes.
function noticePruning(SCTP) {
  if (SCTP.noticing) return;
  SCTP.noticing = true;
  const { receiveForwardTsnChunk } = SCTP;
  SCTP.receiveForwardTsnChunk = function (chunk) {
    const skipped = new Set(chunk.streams.map(([id]) => id));
    const before = Object.values(this.inboundStreams).map((s) => [s, s.reassembly.filter((c) => !skipped.has(c.streamId) && (after(c.tsn, chunk.cumulativeTsn) || !(c.flags & unordered)))]);
    receiveForwardTsnChunk.call(this, chunk);
    this.pruned = (this.pruned ?? 0) + before.reduce((n, [s, chunks]) => n + chunks.filter((c) => !s.reassembly.includes(c)).length, 0);
  };
}

// symptoms are those of its faults on paths that lose data, all three with libdatachannel at the other end as well.
function symptoms(sctp) {
  const all = [];
  if (sctp.pruned) all.push(`FORWARD-TSNs had ${sctp.pruned} fragments of other messages thrown away`);
  // What became whole while the one ahead of it was not is given only when more comes on its stream.
  const due = Object.values(sctp.inboundStreams).filter(isDue);
  if (due.length) all.push(`${due.length} messages are whole, next in order and not given`);
  // After a timeout it counts what was acknowledged out of order as in flight once more, until nothing else may be.
  if (sctp.outboundQueue.length && !sctp.sentQueue.length && sctp.flightSize >= sctp.cwnd) all.push(`its sender waits for ${sctp.flightSize} bytes in flight although none are`);
  return all.join('; ');
}

// isDue reports whether the next message of a stream is there as a whole.
function isDue({ reassembly, streamSequenceNumber }) {
  const [begin] = reassembly;
  if (!begin || !(begin.flags & first) || begin.streamSeqNum !== streamSequenceNumber) return false;
  const gap = reassembly.findIndex((c, i) => c.tsn !== (begin.tsn + i) % 2 ** 32);
  const end = reassembly.findIndex((c) => c.flags & last);
  return end >= 0 && (gap < 0 || end < gap);
}

function sendPackets(pc) {
  const track = new MediaStreamTrack({ kind: 'video' });
  const media = {
    got: [],
    asked: 0,
    n: 0,
    send(payload, timestamp, marker) {
      const header = new RtpHeader({ payloadType: 96, sequenceNumber: media.n++, timestamp, ssrc: 4711, marker });
      track.writeRtp(new RtpPacket(header, Buffer.from(payload)));
    },
    frame: (packets) => dePacketizeRtpPackets('VP8', packets.map(({ packet }) => packet)).data,
  };
  pc.ontrack = ({ track: came, receiver }) => {
    media.ask = (ssrc) => receiver.sendRtcpPLI(ssrc);
    receiver.onRtcp.subscribe((packet) => { media.astray ||= packet.feedback instanceof PictureLossIndication; });
    came.onReceiveRtp.subscribe((packet) => {
      const { timestamp, marker, ssrc } = packet.header;
      media.got.push({ payload: packet.payload, timestamp, marker, ssrc, packet });
    });
  };
  const { sender } = pc.addTransceiver(track, { direction: 'sendrecv' });
  sender.onPictureLossIndication.subscribe(() => media.asked++);
  return media;
}
