// What the page can be asked to do. Each job gets {setup, facts, clean}: the server's a=setup, figures for the log, and
// what to call at the end. It throws if something is not as it should be.

export { waitingFor } from './jobs/connect.js';
export * from './jobs/data.js';
export * from './jobs/media.js';
export * from './jobs/rtp.js';
export * from './jobs/ends.js';
export * from './jobs/person.js';
export * from './jobs/call.js';
export * from './jobs/dcpeer.js';
