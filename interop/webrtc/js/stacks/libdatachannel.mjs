// libdatachannel, as node-datachannel has it, with the interfaces of the W3C.

import { RTCPeerConnection, RTCSessionDescription } from 'node-datachannel/polyfill';

export function install() {
  Object.assign(globalThis, { RTCPeerConnection, RTCSessionDescription, failedStates: ['failed', 'closed'] }); // it says closed of what was refused
}
